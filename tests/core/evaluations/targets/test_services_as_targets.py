"""A service answers an evaluation by its callback."""

import threading
from uuid import UUID

import pytest
from sqlalchemy import select

from core.database.db import transaction
from core.evaluations.schemas import EvaluationStatus
from core.executions.models import Execution
from core.executions.runner import Runner
from core.executions.schemas import ExecutionStatus
from core.executions.service import service_calls
from core.services import service
from core.services.schemas import NewService
from tests.factories.evaluations import read, run, started, until
from tests.factories.identity import Person, person


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def pending() -> list[UUID]:
    with transaction() as session:
        waiting = select(Execution.id).where(Execution.status == ExecutionStatus.PENDING)
        return list(session.scalars(waiting))


def test_a_services_callback_is_the_answer_of_a_run(one: Person) -> None:
    new_service = NewService.model_validate(
        {"name": "bot", "chat_url": "http://127.0.0.1:9/chat", "token": "t"}
    )
    with transaction() as session:
        service_id = service.add(session, new_service, actor=one.actor).id
    target = {"service_id": str(service_id)}
    evaluation_id = started(one.actor, "hello", "bye", target=target)
    working = threading.Thread(target=run, args=(evaluation_id,))
    working.start()
    until(lambda: len(pending()) == 2)
    for execution_id, answer in zip(pending(), ("all good", "bad"), strict=True):
        with transaction() as session:
            service_calls.finish(session, execution_id, service_id, answer=answer, error=None)
    working.join(10)
    found = read(one.actor, evaluation_id)
    assert found.status is EvaluationStatus.COMPLETED
    assert (found.success_rate.value, found.results[0].title) == (0.5, "bot")
