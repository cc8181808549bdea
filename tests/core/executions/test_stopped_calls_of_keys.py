"""Calls of API keys that were stopped or interrupted are AI requests, too: they cost and fail."""

import time
from uuid import UUID

import pytest

from core.database.db import Database, transaction
from core.executions import runner as runners
from core.executions.answer_buffers import AnswerBuffer
from core.executions.runner import Runner
from core.executions.service import executions as service
from core.identity.schemas import Actor, Caller, Scope
from core.identity.service import api_keys
from core.jobs import outbox
from core.platform import features
from tests.factories.executions import PATIENCE_S, asked, begun, speaking
from tests.factories.history import count
from tests.factories.keys import api_key


@pytest.fixture
def key(runner: Runner) -> Actor:
    features.load("jobs")
    made = api_key(Scope.EXECUTE)
    with transaction() as session:
        return api_keys.authenticate(session, made.key, Caller())


def stored(buffer: AnswerBuffer) -> None:
    """Wait until the thread of a call has ended."""
    ends_at = time.monotonic() + PATIENCE_S
    while buffer.id in runners.current()._live:  # noqa: SLF001  nobody else knows
        assert time.monotonic() < ends_at, "it did not end"
        time.sleep(0.005)


def test_a_cancelled_call_of_a_key_is_an_ai_request_with_what_it_used(key: Actor) -> None:
    # What it had cost was missing in Watch
    buffer = speaking(begun(key, model="fake:steady"))
    with transaction() as session:
        service.cancel(session, buffer.id, text=buffer.text, actor=key)
    stored(buffer)
    outbox.relay(Database.CORE)
    is_its = f"external_id = '{buffer.id}' and finish_reason = 'cancelled'"
    assert count("ai_request_metrics", is_its) == 1
    assert count("ai_request_metrics", f"{is_its} and total_tokens > 0") == 1


def test_an_interrupted_call_of_a_key_is_a_failed_ai_request(key: Actor) -> None:
    instance = UUID(int=1)
    with transaction() as session:
        pending = service.begin(session, asked(), instance=instance, actor=key)
    with transaction() as session:
        service.fail_interrupted(session, instance)
    outbox.relay(Database.CORE)
    is_its = f"external_id = '{pending.id}' and error_type = 'interrupted'"
    assert count("ai_request_metrics", is_its) == 1
