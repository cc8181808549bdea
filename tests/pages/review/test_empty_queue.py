"""A review queue without messages leads to the conversations, where messages can be added."""

from core.identity.schemas import Role, SessionKind
from tests.factories.identity import person
from tests.pages.conftest import Console, said

TUNING = "review/tuning/page.py"


def test_a_reviewer_without_messages_to_review_finds_the_conversations(console: Console) -> None:
    app = console(person(Role.REVIEWER, kind=SessionKind.BROWSER), TUNING)
    assert not app.exception
    assert "No messages to review" in said(app)
    [link] = [each.proto for each in app.get("page_link") if each.proto.page == "tuning"]
    assert (link.label, link.query_string) == ("View conversations", "view=conversations")
