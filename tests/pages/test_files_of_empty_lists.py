"""A list without rows offers no file of them."""

from datetime import timedelta

import pytest

from core.identity.schemas import SessionKind
from core.platform import clock
from tests.factories import activity
from tests.factories.identity import person
from tests.pages.conftest import USERS, Console

KNOWLEDGE, TUNING = "review/knowledge/page.py", "review/tuning/page.py"


SECTIONS = ("Documents", "Memories", "Feedback")


def files(app: object) -> list[str]:
    return [each.proto.label for each in app.get("link_button")]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("page", "section"), [(USERS, None), *((KNOWLEDGE, each) for each in SECTIONS)]
)
def test_an_empty_list_offers_no_file(console: Console, page: str, section: str | None) -> None:
    app = console(person(kind=SessionKind.BROWSER), page)
    if section is not None:
        app.button_group(key="knowledge.section").set_value(section).run()
    assert not app.exception
    assert "Export CSV" not in files(app)


@pytest.mark.parametrize("view", ["conversations", "annotations"])
def test_an_empty_list_of_reviews_offers_no_file(console: Console, view: str) -> None:
    app = console(person(kind=SessionKind.BROWSER), TUNING)
    app.query_params["view"] = view
    app.run()
    assert not app.exception
    assert "Export CSV" not in files(app)


def test_a_list_with_a_row_offers_its_file(console: Console) -> None:
    activity.store([activity.event("signed up", clock.now() - timedelta(hours=1), user_id="ana")])
    app = console(person(kind=SessionKind.BROWSER), USERS)
    assert "Export CSV" in files(app)
