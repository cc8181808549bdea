"""A review queue without messages leads to the conversations, where messages can be added."""

from sqlalchemy import text

from core.database.db import Database, transaction
from core.identity.schemas import Role, SessionKind
from tests.factories.annotations import waiting
from tests.factories.identity import person
from tests.pages.conftest import Console, said

TUNING = "review/tuning/page.py"


def test_a_reviewer_without_messages_to_review_finds_the_conversations(console: Console) -> None:
    app = console(person(Role.REVIEWER, kind=SessionKind.BROWSER), TUNING)
    assert not app.exception
    assert "No messages to review" in said(app)
    [link] = [each.proto for each in app.get("page_link") if each.proto.page == "tuning"]
    assert (link.label, link.query_string) == ("View conversations", "view=conversations")


def test_a_reviewer_is_not_offered_messages_that_only_others_can_review(console: Console) -> None:
    reviewer = person(Role.REVIEWER, kind=SessionKind.BROWSER)
    waiting(2, reviews=2)
    with transaction(Database.AI) as ai:
        skip = (
            "insert into review_passes (item_id, account_id, outcome) "
            "select id, :id, 'skipped' from review_items"
        )
        ai.execute(text(skip), {"id": reviewer.actor.id})
    app = console(reviewer, TUNING)
    assert not app.exception
    assert "No messages for you" in said(app)
    assert "2 messages wait for other reviewers" in said(app)
    assert "Start reviewing" not in [each.label for each in app.button]
