"""A service answers an evaluation by its callback."""

import threading
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from core.database.db import transaction
from core.evaluations.schemas import EvaluationStatus, EvaluationTarget
from core.evaluations.service import evaluations
from core.evaluations.views import EvaluationView
from core.executions.models import Execution
from core.executions.runner import Runner
from core.executions.schemas import ExecutionStatus
from core.executions.service import service_calls
from core.identity.schemas import Actor, Scope
from core.identity.service import api_keys
from core.platform.ids import new_id
from core.prompts.queries import calls_of_keys
from core.services import service
from core.services.schemas import NewService
from tests.factories.evaluations import read, run, started, until
from tests.factories.identity import CALLER, Person, person
from tests.factories.keys import api_key


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def pending() -> list[UUID]:
    with transaction() as session:
        waiting = select(Execution.id).where(Execution.status == ExecutionStatus.PENDING)
        return list(session.scalars(waiting))


@pytest.fixture
def service_id(one: Person) -> UUID:
    new_service = NewService.model_validate(
        {"name": "bot", "chat_url": "http://127.0.0.1:9/chat", "token": "t"}
    )
    with transaction() as session:
        return service.add(session, new_service, actor=one.actor).id


def answered(actor: Actor, service_id: UUID) -> EvaluationView:
    """Run an evaluation of two cases, one of which the service answers well."""
    target = {"service_id": str(service_id)}
    evaluation_id = started(actor, "hello", "bye", target=target)
    working = threading.Thread(target=run, args=(evaluation_id,))
    working.start()
    until(lambda: len(pending()) == 2 or not working.is_alive())
    for execution_id, answer in zip(pending(), ("all good", "bad"), strict=True):
        with transaction() as session:
            service_calls.finish(session, execution_id, service_id, answer=answer, error=None)
    working.join(60)
    return read(actor, evaluation_id)


@pytest.mark.parametrize(
    "changes",
    [{"template_id": "support"}, {"template_id": "support", "version": 2}, {"bot_id": new_id()}],
)
def test_a_service_with_a_prompt_template_or_a_bot_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="A service has no bot and no prompt template"):
        EvaluationTarget.model_validate({"service_id": new_id(), **changes})


def test_a_services_callback_is_the_answer_of_a_run(one: Person, service_id: UUID) -> None:
    found = answered(one.actor, service_id)
    assert found.status is EvaluationStatus.COMPLETED
    assert (found.success_rate.value, found.results[0].title) == (0.5, "bot")


def test_a_service_answers_the_evaluation_of_an_api_key(service_id: UUID) -> None:
    # The key was stored as the account that owns the call, which a foreign key refuses
    key = api_key(Scope.EXECUTE)
    with transaction() as session:
        actor = api_keys.find_actor(session, key.id, CALLER)
    assert actor is not None
    found = answered(actor, service_id)
    assert (found.status, found.success_rate.value) == (EvaluationStatus.COMPLETED, 0.5)
    with transaction() as session:
        calls = session.scalars(select(Execution.id)).all()
        assert list(calls_of_keys.list_requests(session, calls)) == []


def test_a_late_answer_of_a_service_is_the_answer_of_the_run_that_is_made_again(
    one: Person, service_id: UUID
) -> None:
    # The service was called a second time, and its first answer was in no result
    evaluation_id = started(one.actor, "hello", target={"service_id": str(service_id)})
    working = threading.Thread(target=run, args=(evaluation_id,))
    working.start()
    until(lambda: pending() or not working.is_alive())
    [call] = pending()
    with transaction() as session:
        service_calls.fail(session, call, reason=service_calls.TIMEOUT, detail="Too late.")
    working.join(60)
    assert read(one.actor, evaluation_id).progress.failed == 1
    with transaction() as session:
        service_calls.finish(session, call, service_id, answer="all good", error=None)
        evaluations.rerun_failed(session, evaluation_id, actor=one.actor)
    again = threading.Thread(target=run, args=(evaluation_id,))
    again.start()
    until(lambda: pending() or not again.is_alive())
    for repeated in pending():
        with transaction() as session:
            service_calls.fail(session, repeated, reason="refused", detail="Called again.")
    again.join(60)
    found = read(one.actor, evaluation_id)
    assert (found.progress.done, found.progress.failed, found.success_rate.value) == (1, 0, 1.0)
    with transaction() as session:
        assert session.scalars(select(Execution.id)).all() == [call]


def test_a_call_is_named_by_its_service_whatever_its_target_is_called(
    one: Person, service_id: UUID
) -> None:
    target = {"service_id": str(service_id), "name": "Before the move"}
    evaluation_id = started(one.actor, "hello", target=target)
    working = threading.Thread(target=run, args=(evaluation_id,))
    working.start()
    until(lambda: pending() or not working.is_alive())
    [call] = pending()
    with transaction() as session:
        service_calls.finish(session, call, service_id, answer="good", error=None)
        assert session.scalars(select(Execution.model_id)).all() == ["service:bot"]
    working.join(60)
    assert read(one.actor, evaluation_id).results[0].title == "Before the move"


def test_a_service_that_was_removed_fails_the_runs_that_are_left(
    one: Person, service_id: UUID
) -> None:
    evaluation_id = started(one.actor, "hello", target={"service_id": str(service_id)})
    with transaction() as session:
        service.remove(session, service_id, actor=one.actor)
    run(evaluation_id)
    found = read(one.actor, evaluation_id)
    assert (found.status, found.progress.failed) == (EvaluationStatus.COMPLETED, 1)
    assert "can't be called any more" in found.recommendations[0].text
