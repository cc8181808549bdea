"""A message gets the outcome of its execution once, whichever process sees it first."""

import time
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text

from core.database import bus
from core.database.db import transaction
from core.executions.runner import Runner
from core.executions.schemas import ExecutionStatus
from core.platform.ids import new_id
from core.playground import jobs, message_rows, queries
from core.playground.service import answers
from tests.factories.identity import Person, person
from tests.factories.playground import answered, being_answered, messages_of, said


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def state(session_id: UUID) -> tuple[int, int]:
    """Return a session's revision and number of executions."""
    with transaction() as session:
        found = session.execute(
            text("select revision, execution_count from playground_sessions where id = :id"),
            {"id": session_id},
        ).one()
    return found[0], found[1]


def test_an_answer_raises_the_revision_twice_and_is_counted_once(one: Person) -> None:
    sent = answered(one.actor)
    assert state(sent.session_id) == (3, 1)
    assert messages_of(one.actor, sent.session_id)[1].revision == 3


def test_settling_again_changes_nothing(one: Person) -> None:
    sent = answered(one.actor)
    before, messages = state(sent.session_id), messages_of(one.actor, sent.session_id)
    for _ in range(3):
        jobs.settle({"execution_id": sent.job_id, "session_id": str(sent.session_id)})
    assert state(sent.session_id) == before
    assert messages_of(one.actor, sent.session_id) == messages


def test_settling_too_early_changes_nothing(one: Person) -> None:
    sent = said(one.actor, model="fake:steady")
    jobs.settle({"execution_id": sent.job_id, "session_id": str(sent.session_id)})
    assert messages_of(one.actor, sent.session_id)[1].status is ExecutionStatus.PENDING


def test_an_execution_of_no_session_settles_nothing(one: Person) -> None:
    jobs.settle({"execution_id": str(new_id()), "session_id": None})
    jobs.settle({"execution_id": str(new_id()), "session_id": str(new_id())})


def test_a_stop_keeps_the_text_and_says_whether_there_was_anything_to_stop(
    one: Person, runner: Runner
) -> None:
    sent, _ = being_answered(one.actor)
    for there_was in (True, False):
        with transaction() as session:
            assert answers.stop(session, sent.session_id, actor=one.actor) is there_was
    message = messages_of(one.actor, sent.session_id)[1]
    assert message.status is ExecutionStatus.CANCELLED
    assert message.content.startswith("Fake answer:")


def test_what_a_stopped_call_used_is_added_once_and_told_to_open_pages(
    one: Person, runner: Runner
) -> None:
    sent, _ = being_answered(one.actor)
    with transaction() as session:
        answers.stop(session, sent.session_id, actor=one.actor)
    while messages_of(one.actor, sent.session_id)[1].total_tokens is None:
        time.sleep(0.01)
    jobs.settle({"execution_id": sent.job_id, "session_id": str(sent.session_id)})
    assert state(sent.session_id) == (4, 1)


def test_what_an_answer_cost_adds_up_in_its_session(one: Person) -> None:
    sent = answered(one.actor)
    answered(one.actor, session_id=sent.session_id)
    with transaction() as session:
        view = queries.get_session(session, sent.session_id, owner=one.actor.id)
    assert (view.execution_count, view.total_cost) == (2, Decimal(0))


def test_every_open_page_is_told_of_each_change(one: Person) -> None:
    session_id = new_id()
    hints: list[bus.Hint] = []
    unsubscribe = bus.subscribe(message_rows.topic(session_id), hints.append)
    answered(one.actor, session_id=session_id)
    while len(hints) < 2:
        time.sleep(0.01)
    unsubscribe()
    assert hints == [{"revision": 2}, {"revision": 3}]


def test_a_failed_answer_is_not_read_by_the_next_one(one: Person) -> None:
    sent = answered(one.actor, '#fake {"words": 9, "rate": 0, "fail_after": 3}\nfirst')
    with transaction() as session:
        said_before = queries.sendable(queries.list_messages(session, sent.session_id))
    assert [message.content.splitlines()[-1] for message in said_before] == ["first"]
