"""Playground sessions expire after their last message or call."""

from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.executions.runner import Runner
from core.playground import queries
from core.playground.schemas import SessionDetails
from core.playground.service import sessions
from core.system.service import retention
from tests.factories.history import days_ago
from tests.factories.identity import Person, person


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def session_of(one: Person, *, last_call: datetime | None) -> UUID:
    """Return a session of 91 days ago without messages, last called then."""
    with transaction() as session:
        made = sessions.create(session, SessionDetails(name="Tone"), actor=one.actor)
        session.execute(
            text(
                "update playground_sessions set created_at = :at, last_executed_at = :called"
                " where id = :id"
            ),
            {"at": days_ago(91), "called": last_call, "id": made.session_id},
        )
    return made.session_id


def test_a_session_that_programs_still_call_models_in_stays(one: Person) -> None:
    # It has no messages, by which sessions of the chat are kept
    called = session_of(one, last_call=days_ago(1))
    old = [session_of(one, last_call=at) for at in (None, days_ago(90.5))]
    assert retention.apply().rows["playground_sessions"] == 2
    with transaction() as session:
        assert queries.find_row(session, called, owner=one.actor.id) is not None
        assert all(queries.find_row(session, it, owner=one.actor.id) is None for it in old)
