"""What was typed into a session's message field and not sent."""

import pytest
from pydantic import ValidationError

from core.database.db import transaction
from core.errors import NotFound
from core.executions.runner import Runner
from core.identity.schemas import Actor
from core.playground import queries
from core.playground.models import PlaygroundSession
from core.playground.schemas import MAX_MESSAGE_CHARS, PlaygroundSessionView, UnsentMessage
from core.playground.service import session_trash, sessions
from tests.factories.identity import Person, person


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def opened(one: Person) -> PlaygroundSessionView:
    with transaction() as session:
        return sessions.open_session(session, actor=one.actor)


def typed(made: PlaygroundSessionView, text: str, actor: Actor) -> None:
    with transaction() as session:
        sessions.save_unsent(session, made.session_id, UnsentMessage(message=text), actor=actor)


def read(made: PlaygroundSessionView, actor: Actor) -> PlaygroundSessionView:
    with transaction() as session:
        return queries.get_session(session, made.session_id, owner=actor.id)


def test_typed_text_is_kept_whole_until_it_is_emptied(one: Person) -> None:
    made = opened(one)
    longest = "ü\n" * (MAX_MESSAGE_CHARS // 2)
    typed(made, longest, one.actor)
    assert read(made, one.actor).unsent_message == longest
    typed(made, "", one.actor)
    assert read(made, one.actor).unsent_message == ""


def test_typed_text_is_no_longer_than_a_message() -> None:
    with pytest.raises(ValidationError):
        UnsentMessage(message="x" * (MAX_MESSAGE_CHARS + 1))


def test_typing_does_not_tell_open_pages_to_draw_anew(one: Person) -> None:
    made = opened(one)
    typed(made, "a", one.actor)
    assert read(made, one.actor).revision == made.revision


def test_nobody_types_into_the_session_of_another_account(one: Person) -> None:
    with pytest.raises(NotFound):
        typed(opened(one), "a", person().actor)


def test_a_session_with_typed_text_is_not_handed_out_as_an_empty_one(one: Person) -> None:
    made = opened(one)
    typed(made, "a", one.actor)
    assert opened(one).session_id != made.session_id


def test_typed_text_goes_with_its_session(one: Person) -> None:
    made = opened(one)
    typed(made, "a", one.actor)
    with transaction() as session:
        session_trash.erase(session, made.session_id, actor=one.actor)
    with transaction() as session:
        row = session.get(PlaygroundSession, made.session_id)
        assert row is not None
        assert row.unsent_message is None
