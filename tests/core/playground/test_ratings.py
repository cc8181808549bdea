"""Thumbs and notes on answers: who may set them, and the sessions that have some."""

from uuid import UUID

import pytest
from pydantic import ValidationError

from core.database.db import transaction
from core.database.paging import Window
from core.errors import Forbidden, Invalid, NotFound
from core.executions.runner import Runner
from core.identity.schemas import Role
from core.platform.ids import new_id
from core.playground import queries
from core.playground.schemas import (
    MAX_NOTE_CHARS,
    AnswerFeedback,
    AnswerRating,
    PlaygroundMessageView,
    Thumbs,
)
from core.playground.service import ratings, session_search, sessions
from tests.factories.identity import Person, person
from tests.factories.playground import answered, messages_of


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def rated(
    one: Person, session_id: UUID, message_id: UUID | None = None, **given: object
) -> PlaygroundMessageView:
    """Rate a message, the last one if none is named."""
    id_ = message_id or messages_of(one.actor, session_id)[-1].id
    rating = AnswerRating.model_validate(given)
    with transaction() as session:
        return ratings.rate(session, session_id, id_, rating, actor=one.actor)


def listed(one: Person, feedback: AnswerFeedback, words: str = "") -> list[UUID]:
    with transaction() as session:
        found = session_search.find(
            session, words, owner=one.actor.id, window=Window(), feedback=feedback
        )
    assert found.total_count == len(found.items)
    return [it.session_id for it in found.items]


def test_a_rating_and_a_note_are_stored_independently_and_taken_back(one: Person) -> None:
    id_ = answered(one.actor).session_id
    seen = [
        rated(one, id_, rating=1),
        rated(one, id_, note=" Kind "),
        rated(one, id_, rating=-1),
        rated(one, id_, rating=None),
        rated(one, id_, note=" "),
    ]
    assert [(it.rating, it.note) for it in seen] == [
        (Thumbs.UP, None),
        (Thumbs.UP, "Kind"),
        (Thumbs.DOWN, "Kind"),
        (None, "Kind"),
        (None, None),
    ]
    assert messages_of(one.actor, id_)[-1].model_dump(exclude={"updated_at"}) == seen[
        -1
    ].model_dump(exclude={"updated_at"})


@pytest.mark.parametrize(
    "given", [{"rating": 0}, {"rating": 2}, {"note": "x" * (MAX_NOTE_CHARS + 1)}]
)
def test_other_ratings_and_longer_notes_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AnswerRating.model_validate(given)


def test_a_message_of_the_user_is_not_rated(one: Person) -> None:
    id_ = answered(one.actor).session_id
    with pytest.raises(Invalid):
        rated(one, id_, messages_of(one.actor, id_)[0].id, rating=1)


def test_an_answer_is_found_in_its_own_session_and_by_its_owner_only(one: Person) -> None:
    id_, other = answered(one.actor).session_id, answered(one.actor).session_id
    answer = messages_of(one.actor, id_)[-1].id
    for whose, session_id, message_id in (
        (one, other, answer),
        (one, id_, new_id()),
        (person(), id_, answer),
    ):
        with pytest.raises(NotFound):
            rated(whose, session_id, message_id, rating=1)
    with transaction() as session:
        sessions.remove(session, id_, actor=one.actor)
    with pytest.raises(NotFound):
        rated(one, id_, answer, rating=1)


def test_without_the_permission_nothing_is_rated(one: Person) -> None:
    with pytest.raises(Forbidden):
        rated(person(Role.REVIEWER), new_id(), new_id(), rating=1)


def test_open_pages_are_told_of_a_rating_and_sockets_do_not_repeat_the_answer(one: Person) -> None:
    id_ = answered(one.actor).session_id
    with transaction() as session:
        before = queries.get_session(session, id_, owner=one.actor.id).revision
    rated(one, id_, rating=1)
    with transaction() as session:
        assert queries.get_session(session, id_, owner=one.actor.id).revision == before + 1
        assert queries.list_messages_since(session, id_, before) == []


def test_sessions_are_listed_by_the_feedback_on_any_of_their_answers(one: Person) -> None:
    up, down, noted, _ = (answered(one.actor, f"question {n}").session_id for n in range(4))
    answered(one.actor, "and then", session_id=up)
    rated(one, up, messages_of(one.actor, up)[1].id, rating=1)
    rated(one, down, rating=-1)
    rated(one, noted, note="a")
    assert listed(one, AnswerFeedback.THUMBS_UP) == [up]
    assert listed(one, AnswerFeedback.THUMBS_DOWN) == [down]
    assert listed(one, AnswerFeedback.NOTE) == [noted]
    assert listed(one, AnswerFeedback.NOTE, "question 2") == [noted]
    assert listed(one, AnswerFeedback.NOTE, "question 1") == []
    assert listed(person(), AnswerFeedback.THUMBS_UP) == []
