"""Calls that wait at a provider with limits say so over HTTP, and can be ended while they wait."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import httpx2
import pytest

from core.database.db import transaction
from core.executions import queries
from core.executions.answer_buffers import AnswerBuffer
from core.executions.models import Execution
from core.executions.runner import Runner
from core.executions.service import executions as service
from core.identity.schemas import Role, Scope
from core.identity.service import api_keys
from core.platform.ids import new_id
from core.playground.schemas import NewPlaygroundMessage
from core.playground.service import answers
from tests.api.conftest import Client
from tests.api.feeds import following, heard_until
from tests.factories.executions import begun, ended, speaking
from tests.factories.identity import Person, person
from tests.factories.keys import api_key, bearing
from tests.factories.providers import limited

CALL = {"model_id": "fake:echo", "prompt": "x"}


@pytest.fixture
def one(runner: Runner) -> Person:
    return person(Role.ADMIN)


@pytest.fixture
def holder(one: Person, runner: Runner) -> Iterator[AnswerBuffer]:
    """Let one call at a time be made, and make one that lasts."""
    limited(one, max_concurrent=1)
    buffer = speaking(begun(one.actor, model="fake:steady"))
    yield buffer
    cancel(one, buffer)


def cancel(one: Person, buffer: AnswerBuffer) -> None:
    with transaction() as session:
        service.cancel(session, buffer.id, text=buffer.text, actor=one.actor)


@contextmanager
def streamed(client: httpx2.Client) -> Iterator[tuple[UUID, Iterator[str]]]:
    with client.stream("POST", "/prompts/execute/stream", json=CALL) as answer:
        assert answer.status_code == 200
        yield UUID(answer.headers["X-Execution-Id"]), answer.iter_lines()


def queue_event(lines: Iterator[str]) -> str:
    next(line for line in lines if line == "event: queue")
    return next(lines)


def test_a_stream_tells_its_position_and_goes_on_when_it_is_its_turn(
    one: Person, holder: AnswerBuffer, client: Client
) -> None:
    with streamed(client(one)) as (_, first):
        # Calls wait from when a thread has taken them, not from their answer's first line
        assert queue_event(first) == 'data: {"position": 1}'
        with streamed(client(one)) as (_, second):
            assert queue_event(second) == 'data: {"position": 2}'
            cancel(one, holder)
            assert "event: done" in list(first)
            rest = list(second)
    assert "event: done" in rest
    assert "event: error" not in rest


def test_a_waiting_call_can_be_cancelled(one: Person, holder: AnswerBuffer, client: Client) -> None:
    mine = client(one)
    with streamed(mine) as (execution_id, lines):
        queue_event(lines)
        assert mine.post(f"/prompts/{execution_id}/cancel").json()["status"] == "cancelled"
        assert "event: done" in list(lines)
    assert holder.outcome is None


def test_a_revoked_key_waits_no_longer(one: Person, holder: AnswerBuffer, client: Client) -> None:
    key, program = api_key(Scope.EXECUTE), client()
    program.headers.update(bearing(key))

    def revoke() -> None:
        with transaction() as session:
            api_keys.revoke(session, key.id, actor=one.actor)

    with streamed(program) as (execution_id, lines):
        queue_event(lines)
        threading.Thread(target=revoke).start()
        assert "event: error" in list(lines)
    with transaction() as session:
        row = session.get(Execution, execution_id)
        assert row is not None
        assert row.status == "cancelled"


def test_an_openai_stream_waits_in_comments(
    one: Person, holder: AnswerBuffer, client: Client, address: str
) -> None:
    body = {"model": "fake:echo", "messages": [{"role": "user", "content": "x"}], "stream": True}
    program = client()
    program.headers.update(bearing(api_key(Scope.EXECUTE)))
    url = f"{address}/openai/v1/chat/completions"
    with program.stream("POST", url, json=body) as answer:
        lines = answer.iter_lines()
        next(line for line in lines if line == ": still here")
        cancel(one, holder)
        assert [line for line in lines if line][-1] == "data: [DONE]"


def test_a_full_queue_is_a_failure_of_the_provider(
    one: Person, holder: AnswerBuffer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.executions.service.provider_turns.MAX_WAITING", 0)
    answer = client(one).post("/prompts/execute", json=CALL)
    assert (answer.status_code, answer.json()["code"]) == (502, "provider_failed")
    assert answer.json()["reason"] == "queue_full"


def test_the_playground_is_told_the_position_until_the_answer_begins(
    one: Person, holder: AnswerBuffer, address: str
) -> None:
    with transaction() as session:
        message = NewPlaygroundMessage(message="x", model="fake:steady")
        sent = answers.send(session, message, actor=one.actor)
    with following(address, sent.session_id, one) as socket:
        told = heard_until(socket, "playground_queue")[-1]
        assert told["position"] == 1
        cancel(one, holder)
        assert heard_until(socket, "playground_queue")[-1]["position"] is None


def test_another_process_can_tell_the_position_too(one: Person, holder: AnswerBuffer) -> None:
    waiting = [begun(one.actor, str(number)) for number in range(2)]
    positions: set[int | None] = set()
    while positions != {1, 2}:
        assert not holder.cancel_token.wait(0.01)
        with transaction() as session:
            found = [queries.find_progress(session, buffer.id) for buffer in waiting]
        positions = {progress.queue_position for progress in found if progress}
    cancel(one, holder)
    for buffer in waiting:
        ended(buffer)
    with transaction() as session:
        progress = queries.find_progress(session, waiting[0].id)
        assert progress is not None
        assert progress.queue_position is None
        assert queries.find_progress(session, new_id()) is None
