"""A prompt that is tried in the playground arrives there as a whole."""

import pytest

from core.identity.schemas import Role, SessionKind
from pages._ui import state
from tests.factories.identity import person
from tests.factories.prompts import create
from tests.pages.conftest import Console
from tests.pages.test.prompts.test_prompts import opened, press


def test_the_text_before_the_history_is_part_of_the_message_to_send(
    console: Console, database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled: dict[str, object] = {}
    admin = person(Role.ADMIN, kind=SessionKind.BROWSER)
    create(admin.actor, prompt="You know our shop. {{history}} Greet the user.")
    app = opened(console, admin, "support")
    with monkeypatch.context() as patch:
        patch.setattr(state, "put", filled.__setitem__)
        assert not press(app, "Try in playground").exception
    assert filled["playground.message"] == "You know our shop.\n\nGreet the user."
