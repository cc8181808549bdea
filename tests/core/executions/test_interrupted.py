"""Calls that a killed process left pending fail with a reason, and so do their messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from uuid import UUID

import pytest
from sqlalchemy import update

from core.database import bus
from core.database.db import Database, transaction
from core.embedded.postgres import Postgres
from core.errors import Unavailable
from core.executions import jobs, queries
from core.executions import runner as runners
from core.executions.answer_buffers import AnswerBuffer
from core.executions.models import Execution
from core.executions.runner import OnFinish, Runner
from core.executions.schemas import ExecutionStatus, PendingExecution
from core.executions.service import executions as service
from core.jobs import outbox
from core.platform import clock, features
from core.platform.ids import new_id
from core.playground.schemas import NewPlaygroundMessage, PlaygroundMessageView, SentMessage
from core.playground.service import answers
from tests.factories.executions import begun, speaking
from tests.factories.identity import Person, person
from tests.factories.playground import messages_of


class Dead(Runner):
    """A runner whose process is killed before the first token."""

    def launch(self, begun: PendingExecution, on_finish: OnFinish | None = None) -> AnswerBuffer:
        """Do nothing more."""
        return AnswerBuffer(begun.id)


class TenMinutesAhead(datetime):
    """The clock of a machine that differs from the database's."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "TenMinutesAhead":
        return super().now(tz) + timedelta(minutes=10)


@contextmanager
def started_again(dead: Runner) -> Iterator[None]:
    """Start another runner of that installation."""
    born = Runner(dead.instance)
    born.start()
    yield
    born.stop(grace_s=0.0)


@pytest.fixture
def one(runner: Runner) -> Person:
    features.load("jobs")
    return person()


def left_behind(one: Person, runner: Runner) -> tuple[SentMessage, Runner]:
    """Start a call in a process that is killed, and return its row."""
    dead = Dead(new_id())
    runners.use(dead)
    with transaction() as session:
        sent = answers.send(
            session, NewPlaygroundMessage(message="x", model="fake:echo"), actor=one.actor
        )
        service.write_progress(session, UUID(sent.job_id), "half an ans")
    runners.use(runner)
    return sent, dead


def answer(one: Person, sent: SentMessage) -> PlaygroundMessageView:
    return messages_of(one.actor, sent.session_id)[-1]


def test_the_next_start_fails_an_interrupted_execution_with_its_text(
    one: Person, runner: Runner
) -> None:
    sent, dead = left_behind(one, runner)
    with started_again(dead), transaction() as session:
        view = queries.get_execution(session, UUID(sent.job_id), owner=one.actor.id)
    assert (view.status, view.response) == (ExecutionStatus.FAILED, "half an ans")
    assert view.error is not None
    assert view.error.reason == "interrupted"
    assert view.error.detail == "Attune was restarted during this answer. Send the message again."


def test_the_message_of_an_interrupted_execution_fails_through_the_outbox(
    one: Person, runner: Runner
) -> None:
    sent, dead = left_behind(one, runner)
    with started_again(dead):
        assert answer(one, sent).status is ExecutionStatus.PENDING
        outbox.relay(Database.CORE)
        message = answer(one, sent)
    assert (message.status, message.content) == (ExecutionStatus.FAILED, "half an ans")
    assert message.error is not None
    assert message.error.reason == "interrupted"


def test_executions_of_other_processes_continue(one: Person, runner: Runner) -> None:
    buffer = speaking(begun(one.actor, model="fake:steady"))
    with started_again(Dead(new_id())), transaction() as session:
        assert (
            queries.get_execution(session, buffer.id, owner=one.actor.id).status
            is ExecutionStatus.PENDING
        )


def test_an_execution_without_a_process_fails_after_two_minutes(
    one: Person, runner: Runner
) -> None:
    sent, _ = left_behind(one, runner)
    jobs.fail_abandoned(0)
    assert outbox.relay(Database.CORE) == 0
    with transaction() as session:
        session.execute(
            update(Execution).values(alive_at=clock.now() - timedelta(minutes=2, seconds=1))
        )
    jobs.fail_abandoned(0)
    assert outbox.relay(Database.CORE) == 1
    assert answer(one, sent).status is ExecutionStatus.FAILED


def test_executions_of_a_process_that_is_alive_continue(one: Person, runner: Runner) -> None:
    sent, _ = left_behind(one, runner)
    with transaction() as session:
        session.execute(update(Execution).values(alive_at=clock.now() - timedelta(minutes=3)))
        service.record_alive(session, [UUID(sent.job_id)])
    jobs.fail_abandoned(0)
    assert outbox.relay(Database.CORE) == 0


def test_answers_continue_beside_a_worker_whose_clock_is_ahead(
    one: Person, runner: Runner, cluster: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By its own clock it took the answers of other machines for abandoned
    left_behind(one, runner)
    monkeypatch.setattr(clock, "datetime", TenMinutesAhead)
    monkeypatch.setattr(clock, "ahead_by", timedelta())
    worker = bus.Bus(cluster.addresses().core)
    worker.start()
    assert worker.listens.wait(30)
    jobs.fail_abandoned(0)
    worker.stop()
    assert outbox.relay(Database.CORE) == 0


def test_stopping_ends_answers_that_take_too_long(one: Person, runner: Runner) -> None:
    calls = Runner(new_id())
    runners.use(calls)
    calls.start()
    buffer = speaking(begun(one.actor, model="fake:steady"))
    calls.stop(grace_s=0.0)
    runners.use(runner)
    assert buffer.cancel_token.is_cancelled
    with transaction() as session:
        view = queries.get_execution(session, buffer.id, owner=one.actor.id)
    assert view.status is ExecutionStatus.FAILED
    assert view.error is not None
    assert view.error.reason == "interrupted"


def test_stopping_without_a_database_leaves_executions_to_the_next_start(
    one: Person, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Runner(new_id())
    runners.use(calls)
    calls.start()
    buffer = speaking(begun(one.actor, model="fake:steady"))

    def away(*_given: object) -> int:
        raise Unavailable

    with monkeypatch.context() as gone:
        gone.setattr(service, "fail_interrupted", away)
        calls.stop(grace_s=0.0)
    runners.use(runner)
    with started_again(calls), transaction() as session:
        assert (
            queries.get_execution(session, buffer.id, owner=one.actor.id).status
            is ExecutionStatus.FAILED
        )


def test_stopping_waits_for_answers_that_end_in_time(one: Person, runner: Runner) -> None:
    calls = Runner(new_id())
    runners.use(calls)
    calls.start()
    buffer = begun(one.actor, '#fake {"words": 10, "rate": 50}\nx')
    calls.stop(grace_s=5.0)
    runners.use(runner)
    with transaction() as session:
        assert (
            queries.get_execution(session, buffer.id, owner=one.actor.id).status
            is ExecutionStatus.COMPLETED
        )
