"""Thumbs and notes in the playground, without a browser."""

import pytest
from streamlit.testing.v1 import AppTest

from core.database.db import transaction
from core.identity.schemas import Role, SessionKind
from core.playground.schemas import AnswerFeedback, AnswerRating, Thumbs
from core.playground.service import ratings
from tests.factories.identity import Person, person
from tests.factories.playground import answered, messages_of
from tests.pages.conftest import PLAYGROUND, Console, said
from tests.pages.test.playground.test_playground_sessions import listed


@pytest.fixture
def admin(console: Console) -> Person:
    """Return an admin at a browser."""
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def press(app: AppTest, label: str) -> AppTest:
    return next(it for it in app.button if it.label == label).click().run()


def test_a_thumb_is_pressed_changed_and_released(console: Console, admin: Person) -> None:
    id_ = answered(admin.actor).session_id
    app = console(admin, PLAYGROUND)
    for value, rating in ((1, Thumbs.UP), (0, Thumbs.DOWN), (None, None)):
        app.feedback[0].set_value(value).run()
        assert messages_of(admin.actor, id_)[1].rating == rating
        assert app.feedback[0].value == value
    assert len(app.feedback) == 1  # none at the question


def test_a_note_is_shown_as_text_below_its_answer(console: Console, admin: Person) -> None:
    id_ = answered(admin.actor).session_id
    app = console(admin, PLAYGROUND)
    assert [it.label for it in app.button if "note" in it.label] == []
    app.feedback[0].set_value(0).run()
    assert [it.label for it in app.button if "note" in it.label] == ["Add note"]
    answer = messages_of(admin.actor, id_)[1].id
    with transaction() as session:
        note = AnswerRating(note="Too *long*")
        ratings.rate(session, id_, answer, note, actor=admin.actor)
    app.run()
    assert "Too *long*" in said(app)
    assert [it.label for it in app.button if "note" in it.label] == ["Edit note"]


def test_the_list_is_narrowed_to_sessions_with_feedback(console: Console, admin: Person) -> None:
    answered(admin.actor, "Plain")
    answered(admin.actor, "Rated")
    app = console(admin, PLAYGROUND)
    app.feedback[0].set_value(1).run()
    choices = {AnswerFeedback.THUMBS_UP: ["Rated"], AnswerFeedback.NOTE: []}
    for feedback, names in choices.items():
        app.menu_button(key="icon-filter").click(feedback).run()
        assert listed(app) == names
    assert "No sessions found" in said(app)
    press(app, "With a note")
    assert listed(app) == ["Rated", "Plain"]
