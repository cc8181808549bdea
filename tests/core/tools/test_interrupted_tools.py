"""A process that ends while a tool runs leaves no pending call, its text, and what has begun."""

import json
import time
from collections.abc import Iterator
from threading import Event

import pytest
from pydantic import BaseModel

from core.database.db import read_session, transaction
from core.executions import queries
from core.executions import runner as runners
from core.executions.answer_buffers import AnswerBuffer
from core.executions.runner import Runner
from core.executions.schemas import ExecutionStatus, TokenUsage, ToolCallStatus, ToolExecution
from core.executions.service import executions as service
from core.identity.permissions import Permission
from core.identity.schemas import Actor
from core.tools import registry
from core.tools.definitions import RegistryTool
from core.tools.toolboxes import toolbox_for
from tests.factories.executions import PATIENCE_S, asked
from tests.factories.identity import person


class Nothing(BaseModel):
    pass


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """Offer the tool `wait`, which returns once this event is set."""
    event = Event()
    tool = RegistryTool(
        "wait", "Waits.", Nothing, lambda *_: event.wait(PATIENCE_S), Permission.WATCH
    )
    monkeypatch.setitem(registry.TOOLS, tool.name, tool)
    yield event
    event.set()


def waiting(actor: Actor) -> AnswerBuffer:
    """Return the buffer of an answer whose tool runs, and does not return."""
    call = {"text": "Let me wait.", "tool_calls": [{"name": "wait"}], "then": [{"text": "Done."}]}
    new_execution = asked(f"#fake {json.dumps(call)}\nx", tools=("wait",))
    with read_session() as session:
        toolbox = toolbox_for(session, new_execution, actor=actor)
    _, buffer = runners.execute(new_execution, actor=actor, toolbox=toolbox)
    gives_up_at = time.monotonic() + PATIENCE_S
    while not any(call.status is ToolCallStatus.RUNNING for call in stored(buffer, actor)):
        assert time.monotonic() < gives_up_at, "the tool did not start"
        time.sleep(0.005)
    return buffer


def stored(buffer: AnswerBuffer, actor: Actor) -> list[ToolExecution]:
    with transaction() as session:
        return queries.get_execution(session, buffer.id, owner=actor.id).tool_executions


def test_a_stop_while_a_tool_runs_keeps_the_text_and_the_call(
    runner: Runner, released: Event
) -> None:
    actor = person().actor
    buffer = waiting(actor)
    runner.stop(grace_s=0.0)
    released.set()
    with transaction() as session:
        left = queries.get_execution(session, buffer.id, owner=actor.id)
    assert left.status is ExecutionStatus.FAILED
    assert left.error is not None
    assert left.error.reason == "interrupted"
    assert left.response == "Let me wait."
    assert [(it.name, it.status) for it in left.tool_executions] == [
        ("wait", ToolCallStatus.RUNNING)
    ]


def test_a_cancelled_answer_keeps_what_its_finished_rounds_used(
    runner: Runner, released: Event
) -> None:
    actor = person().actor
    buffer = waiting(actor)
    with transaction() as session:
        service.cancel(session, buffer.id, text=buffer.text, actor=actor)
    released.set()
    gives_up_at = time.monotonic() + PATIENCE_S
    while (left := used_by(buffer, actor)).total_tokens is None:
        assert time.monotonic() < gives_up_at, "its tokens are not stored"
        time.sleep(0.005)
    assert left.completion_tokens == len(["Let", "me", "wait."])


def used_by(buffer: AnswerBuffer, actor: Actor) -> TokenUsage:
    with transaction() as session:
        found = queries.get_execution(session, buffer.id, owner=actor.id)
    assert found.status is ExecutionStatus.CANCELLED
    return found.usage


def test_the_text_before_a_tool_is_stored_with_its_call(runner: Runner, released: Event) -> None:
    actor = person().actor
    buffer = waiting(actor)
    with transaction() as session:
        progress = queries.find_progress(session, buffer.id)
    assert progress is not None
    assert progress.text == "Let me wait."
