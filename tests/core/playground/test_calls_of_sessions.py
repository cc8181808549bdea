"""Calls by the API that name a session count there, as those of its chat do."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.executions.runner import Runner
from core.platform.ids import new_id
from core.playground import jobs, queries
from core.playground.schemas import PlaygroundSessionView, SessionDetails
from core.playground.service import answers, call_counts, sessions
from tests.factories.executions import executed
from tests.factories.history import tasks
from tests.factories.identity import Person, person
from tests.factories.playground import answered


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def called(one: Person, session_id: UUID, *, cost: str = "0") -> None:
    """Make a call in a session, and have its end delivered, as the worker does."""
    execution_id = executed(one.actor, session_id=session_id).id
    with transaction() as session:
        priced = text("update prompt_executions set cost_usd = :cost where id = :id")
        session.execute(priced, {"cost": Decimal(cost), "id": execution_id})
    jobs.settle({"execution_id": str(execution_id), "session_id": str(session_id)})


def seen(one: Person, session_id: UUID) -> PlaygroundSessionView:
    with transaction() as session:
        return queries.get_session(session, session_id, owner=one.actor.id)


def test_a_call_by_the_api_counts_in_its_session(one: Person) -> None:
    with transaction() as session:
        made = sessions.create(session, SessionDetails(name="Tone"), actor=one.actor)
    called(one, made.session_id, cost="0.25")
    after = seen(one, made.session_id)
    assert (after.execution_count, after.total_cost) == (1, Decimal("0.25"))
    assert after.last_executed is not None
    assert after.revision > made.revision  # open pages show it
    assert after.message_count == 0


def test_calls_of_the_api_and_of_the_chat_add_up(one: Person) -> None:
    session_id = answered(one.actor).session_id
    called(one, session_id, cost="0.25")
    answered(one.actor, session_id=session_id)
    after = seen(one, session_id)
    assert (after.execution_count, after.total_cost) == (3, Decimal("0.25"))


def test_an_end_that_is_delivered_twice_counts_once(one: Person) -> None:
    with transaction() as session:
        made = sessions.create(session, SessionDetails(name="Tone"), actor=one.actor)
    execution_id = executed(one.actor, session_id=made.session_id).id
    event = {"execution_id": str(execution_id), "session_id": str(made.session_id)}
    jobs.settle(event)
    before = seen(one, made.session_id)
    jobs.settle(event)
    assert seen(one, made.session_id) == before
    assert before.execution_count == 1


def test_a_call_begins_while_the_calls_of_its_session_are_counted(one: Person) -> None:
    # The foreign key of a new call waits for a stronger lock of the session
    with transaction() as session:
        made = sessions.create(session, SessionDetails(name="Tone"), actor=one.actor)
    counted = executed(one.actor, session_id=made.session_id).id
    with ThreadPoolExecutor(1) as pool, transaction() as session:
        answers.settle(session, counted)
        begun = pool.submit(executed, one.actor, session_id=made.session_id)
        assert begun.result(20).outcome is not None


def test_of_a_session_with_very_many_calls_those_that_end_meanwhile_are_counted_at_once(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Counting 100,000 calls at each end of one took 0.2 s of the outbox
    monkeypatch.setattr(call_counts, "MOST_AT_ONCE", 1)
    made = answered(one.actor)
    before = seen(one, made.session_id)
    for _ in range(2):
        called(one, made.session_id, cost="0.25")
    assert seen(one, made.session_id).execution_count == before.execution_count == 1
    assert tasks(call_counts.TASK) == 1
    jobs.count_calls(session_id=str(made.session_id))
    after = seen(one, made.session_id)
    assert (after.execution_count, after.total_cost) == (3, Decimal("0.50"))
    assert after.revision > before.revision


def test_a_session_that_is_deleted_before_its_calls_are_counted_is_left_out(one: Person) -> None:
    jobs.count_calls(session_id=str(new_id()))
