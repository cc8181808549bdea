"""Adjudication: the form of an own verdict is that of one message."""

from typing import Any

from core.annotations.queries import review_items
from core.annotations.schemas import ItemState, ReviewVerdict
from core.annotations.service import adjudication, leases, review_outcomes
from core.annotations.service.adjudication import ItemDecision
from core.annotations.settings import ReviewSettings
from core.database.db import Database, transaction
from core.database.paging import Window
from core.identity.schemas import Role, SessionKind
from tests.factories.annotations import rows, waiting
from tests.factories.identity import Person, person
from tests.pages.conftest import Console

PAGE = "review/tuning/page.py"
SAID: tuple[dict[str, Any], ...] = (
    {"annotation_type": "approved"},
    {"annotation_type": "flag", "content": "No."},
)


def disputed(number: int) -> None:
    """Store messages that two reviewers differ about."""
    waiting(number, reviews=2)
    for said in SAID:
        one = person().actor
        for item in rows("select id from review_items"):
            with transaction(Database.AI) as ai:
                leases.lease_item(ai, item["id"], ReviewSettings(), actor=one)
                review_outcomes.complete(ai, item["id"], ReviewVerdict(**said), actor=one)


def test_the_form_closes_when_somebody_else_decides_its_message(console: Console) -> None:
    # It stayed open for the next message, filled with the draft about the first
    disputed(2)
    mine, other = (person(Role.ADMIN, kind=SessionKind.BROWSER) for _ in range(2))
    app = console(mine, PAGE)
    app.query_params.update({"view": "queue", "adjudicating": "yes"})
    app.run()
    first = items(mine)[0]
    app.button(key=f"decide.W.{first.id}").click().run()
    assert "review.save" in [each.key for each in app.button]
    with transaction(Database.AI) as ai:
        adjudication.decide(ai, first.id, ItemDecision(verdict=None), actor=other.actor)
    app.run()
    assert not app.exception
    assert "review.save" not in [each.key for each in app.button]


def items(one: Person) -> Any:  # noqa: ANN401
    with transaction(Database.AI) as ai:
        found = review_items.list_items(ai, ItemState.ADJUDICATION, Window(9), actor=one.actor)
    return found.items
