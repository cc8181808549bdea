"""Concurrent changes of one session: one succeeds first, the other gets an error."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.errors import Conflict, NotFound
from core.executions.runner import Runner
from core.executions.schemas import ExecutionStatus
from core.platform.ids import new_id
from core.playground.schemas import SentMessage
from core.playground.service import answers, session_trash, sessions
from tests.factories.executions import ended, speaking
from tests.factories.identity import Person, person
from tests.factories.playground import answered, messages_of, said


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def together(deeds: Sequence[Callable[[], object]]) -> list[str]:
    """Run the calls concurrently, and return the outcome of each."""
    barrier = Barrier(len(deeds))

    def act(deed: Callable[[], object]) -> str:
        barrier.wait()
        try:
            deed()
        except (Conflict, NotFound) as refused:
            return type(refused).__name__
        return "done"

    with ThreadPoolExecutor(len(deeds)) as pool:
        return sorted(pool.map(act, deeds))


@pytest.mark.parametrize("round_", range(5))
def test_of_messages_into_one_session_exactly_one_is_said(one: Person, round_: int) -> None:
    session_id = answered(one.actor).session_id
    ends = together([lambda: said(one.actor, model="fake:steady", session_id=session_id)] * 4)
    assert ends == ["AnswerPending"] * 3 + ["done"]
    assert [message.status for message in messages_of(one.actor, session_id)[2:]] == [
        None,
        ExecutionStatus.PENDING,
    ]


@pytest.mark.parametrize("round_", range(5))
def test_so_it_is_in_a_session_that_is_only_being_made(one: Person, round_: int) -> None:
    session_id = new_id()
    ends = together([lambda: said(one.actor, model="fake:steady", session_id=session_id)] * 4)
    assert ends == ["AnswerPending"] * 3 + ["done"]
    assert len(messages_of(one.actor, session_id)) == 2


def test_of_two_accounts_that_make_the_same_session_one_has_it(one: Person) -> None:
    other, session_id = person(), new_id()
    ends = together(
        [
            lambda: said(one.actor, session_id=session_id),
            lambda: said(other.actor, session_id=session_id),
        ]
    )
    assert ends == ["PlaygroundSessionMissing", "done"]


@pytest.mark.parametrize("round_", range(5))
def test_a_stop_and_an_end_at_once_leave_one_ending(
    one: Person, runner: Runner, round_: int
) -> None:
    sent = said(one.actor, '#fake {"words": 3, "rate": 100}\nx')
    buffer = runner.find(UUID(sent.job_id))
    assert buffer is not None
    speaking(buffer)

    def stop() -> None:
        with transaction() as session:
            answers.stop(session, sent.session_id, actor=one.actor)

    together([stop, lambda: ended(buffer), stop])
    message = messages_of(one.actor, sent.session_id)[1]
    assert message.status in (ExecutionStatus.CANCELLED, ExecutionStatus.COMPLETED)
    with transaction() as session:
        row = session.execute(
            text("select status, (select count(*) from outbox) from prompt_executions")
        ).one()
    assert row == (message.status, 1)


@pytest.mark.parametrize("round_", range(8))
def test_a_message_that_is_said_while_its_session_is_deleted_is_deleted_too_or_keeps_it(
    one: Person, runner: Runner, round_: int
) -> None:
    session_id = answered(one.actor, "the first secret").session_id
    sent: list[SentMessage] = []

    def delete() -> None:
        with transaction() as session:
            session_trash.erase(session, session_id, actor=one.actor)

    ends = together(
        [lambda: sent.append(said(one.actor, "the second secret", session_id=session_id)), delete]
    )
    assert ends in (
        ["PlaygroundSessionMissing", "done"],
        ["AnswerPending", "done"],
        ["done", "done"],
    )
    for one_sent in sent:
        buffer = runner.find(UUID(one_sent.job_id))
        assert buffer is not None
        ended(buffer)
    if ends[0] == "AnswerPending":
        assert len(messages_of(one.actor, session_id)) == 4
        delete()
    with transaction() as session:
        left = (
            "select count(*) from prompt_executions where coalesce(prompt, response, messages) is "
            "not null"
        )
        assert session.execute(text(left)).scalar_one() == 0
        assert session.execute(text("select count(*) from playground_messages")).scalar_one() == 0


def test_deleting_twice_at_once_deletes_once(one: Person) -> None:
    session_id = answered(one.actor).session_id

    def delete() -> None:
        with transaction() as session:
            sessions.remove(session, session_id, actor=one.actor)

    assert together([delete, delete]) == ["PlaygroundSessionMissing", "done"]
