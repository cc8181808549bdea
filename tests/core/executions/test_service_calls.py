"""Executions of services belong to no process: only callback, timeout or stop end them."""

from datetime import timedelta
from uuid import UUID

import pytest

from core.database.db import transaction
from core.executions import queries
from core.executions.runner import Runner
from core.executions.schemas import ExecutionStatus
from core.executions.service import executions, service_calls
from core.platform import clock
from core.platform.config import config
from core.services import service as services
from core.services.schemas import NewService
from tests.factories.history import at
from tests.factories.identity import Person, person
from tests.factories.playground import said


@pytest.fixture
def one(runner: Runner) -> Person:
    asker = person()
    new = {"name": "Bot", "chat_url": "http://127.0.0.1:9", "token": "t", "is_active": True}
    with transaction() as session:
        services.add(session, NewService.model_validate(new), actor=asker.actor)
    return asker


def asked(one: Person) -> UUID:
    """Ask the service, and return the execution."""
    return UUID(said(one.actor, model=None).job_id)


def status(one: Person, execution_id: UUID) -> tuple[ExecutionStatus, str | None]:
    with transaction() as session:
        view = queries.get_execution(session, execution_id, owner=one.actor.id)
    return view.status, view.error.reason if view.error else None


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    at(clock.now() + timedelta(seconds=seconds), monkeypatch)


def test_a_restart_leaves_them_pending(one: Person, runner: Runner) -> None:
    execution_id = asked(one)
    born = Runner(runner.instance)
    born.start()
    born.stop(grace_s=0.0)
    assert status(one, execution_id) == (ExecutionStatus.PENDING, None)


def test_the_cleanup_of_abandoned_calls_leaves_them_pending(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution_id = asked(one)
    later(monkeypatch, 3600)
    with transaction() as session:
        assert executions.fail_abandoned(session) == 0
    assert status(one, execution_id) == (ExecutionStatus.PENDING, None)


@pytest.mark.parametrize(
    ("seconds", "ended"),
    [
        (59, (ExecutionStatus.PENDING, None)),
        (61, (ExecutionStatus.FAILED, "timeout")),
    ],
)
def test_the_timeout_is_that_of_the_configuration(
    one: Person,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    ended: tuple[ExecutionStatus, str | None],
) -> None:
    monkeypatch.setenv("SERVICE_TIMEOUT_S", "60")
    config.cache_clear()
    execution_id = asked(one)
    later(monkeypatch, seconds)
    with transaction() as session:
        service_calls.fail_overdue(session)
    assert status(one, execution_id) == ended
    config.cache_clear()


def test_the_timeout_of_services_leaves_the_calls_of_models(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution_id = UUID(said(one.actor, model="fake:slow").job_id)
    later(monkeypatch, 3600)
    with transaction() as session:
        service_calls.fail_overdue(session)
    assert status(one, execution_id) == (ExecutionStatus.PENDING, None)
