"""A message that was deleted after it was queued is left by the same key as any other."""

from core.identity.schemas import Role, SessionKind
from tests.factories.annotations import waiting
from tests.factories.identity import person
from tests.pages.conftest import TUNING, Console, said


def test_a_deleted_message_is_skipped_by_the_key_for_skipping(console: Console) -> None:
    waiting(2)  # items alone: nothing is stored of their messages
    app = console(person(Role.REVIEWER, kind=SessionKind.BROWSER), TUNING)
    app.button(key="review.begin").click().run()
    assert "Message deleted" in said(app)
    assert app.button(key="review.gone").proto.shortcut == "s"
