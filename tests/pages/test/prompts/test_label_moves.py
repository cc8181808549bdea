"""A label is moved from the version that the page showed."""

import pytest
from streamlit.testing.v1 import AppTest

from core.identity.schemas import Role, SessionKind
from core.prompts.views import PromptView
from pages._ui import guard
from pages.test.prompts.labels import label_move
from tests.factories.identity import Person, person
from tests.factories.prompts import create, label, read, save
from tests.pages.conftest import said, toasts

MOVE = """
import streamlit as st
from pages._ui import errors, state
from pages.test.prompts.labels import label_move

with errors.InForm(st.container()):
    label_move.move(st.session_state["shown"])
errors.say_what_happened()
"""

BACK = """
import streamlit as st
from pages._ui import errors
from pages.test.prompts.labels import label_rollback

shown = st.session_state["shown"]
label_rollback.draw(shown, "production", st.session_state["back_to"], needs_reason=False)
errors.say_what_happened()
"""

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> Person:
    """Return an admin at a browser."""
    who = person(Role.ADMIN, kind=SessionKind.BROWSER)
    monkeypatch.setattr(guard, "cookie", lambda: who.token)
    return who


@pytest.fixture
def made(admin: Person) -> PromptView:
    """Return a prompt of three versions."""
    prompt = create(admin.actor)
    for text in ("two", "three"):
        save(admin.actor, prompt.id, prompt=text)
    return prompt


def test_a_label_moved_by_another_admin_stays_until_the_change_is_seen(
    admin: Person, made: PromptView
) -> None:
    # The dialog shows a change from the version that it was opened with, and took the other's move
    # back
    app = AppTest.from_string(MOVE)
    app.session_state["shown"] = label(admin.actor, made.id, 1)
    app.session_state[label_move.NAME] = "production"
    app.session_state[label_move.VERSION] = 3

    moved = label(admin.actor, made.id, 2)
    assert "production is on version 2 now. Close this dialog" in said(app.run())
    assert read(admin.actor, made.id).labels[0].version == 2

    app.session_state["shown"] = moved
    assert toasts(app.run()) == ["production points at version 3"]


def test_a_label_that_another_admin_rolled_back_goes_no_further_back_by_the_same_button(
    admin: Person, made: PromptView
) -> None:
    for version in (1, 2):
        label(admin.actor, made.id, version)
    app = AppTest.from_string(BACK)
    app.session_state["shown"] = label(admin.actor, made.id, 3)
    app.session_state["back_to"] = 2
    app.run()

    rolled_back = label(admin.actor, made.id, 2)
    assert toasts(app.button[0].click().run()) == [
        "production is on version 2 now. Look at it before you roll it back."
    ]
    assert read(admin.actor, made.id).labels[0].version == 2

    app.session_state["shown"], app.session_state["back_to"] = rolled_back, 1
    app.run()
    assert toasts(app.button[0].click().run()) == ["production points at version 1 again"]
