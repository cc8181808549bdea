"""When a provider fails before the answer begins, the workspace's fallback model answers."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from core.database.db import transaction
from core.executions import queries
from core.executions import runner as runners
from core.executions.schemas import (
    ExecutionStatus,
    ExecutionView,
    ToolCallStatus,
    ToolExecution,
)
from core.identity.schemas import Role
from core.providers import gateway
from core.providers.chunks import Chunk, EndChunk, TextChunk, ToolCallChunk, Usage, UsageChunk
from core.providers.errors import ProviderUnreachable, RequestRejected
from core.providers.schemas import ModelCall, Tool
from core.providers.vendors.fake import Fake
from core.system import workspace
from core.system.workspace import WorkspaceSettings
from tests.factories.executions import asked, begun, ended
from tests.factories.identity import Person, person
from tests.factories.quotas import quota, used


class Clock:
    """A toolbox with a clock that stands."""

    definitions = (Tool(name="current_time"),)

    def run(self, call: ToolExecution) -> ToolExecution:
        """Return noon."""
        return call.model_copy(update={"status": ToolCallStatus.COMPLETED, "result": '"12:00"'})


@pytest.fixture
def one(runner: object) -> Person:
    boss = person(Role.ADMIN)
    with transaction() as session:
        given = WorkspaceSettings.model_validate({"fallback_model": "fake:plain"})
        workspace.change(session, given, actor=boss.actor)
    return boss


def failing(monkeypatch: pytest.MonkeyPatch, *first: Chunk, failure: Exception) -> None:
    def stream(_self: object, call: ModelCall, _token: object) -> Iterator[Chunk]:
        if call.model == "echo":
            yield from first
            raise failure
        yield TextChunk(f"I am {call.model}.")
        yield UsageChunk(Usage(input=3, output=4))
        yield EndChunk("stop")

    monkeypatch.setattr(Fake, "stream", stream)
    monkeypatch.setattr(gateway, "RETRY_WAITS_S", ())


def answer(one: Person) -> ExecutionView:
    return stored(one, ended(begun(one.actor)).id)


def stored(one: Person, execution_id: UUID) -> ExecutionView:
    with transaction() as session:
        return queries.get_execution(session, execution_id, owner=one.actor.id)


def test_it_answers_and_the_answer_says_for_which_model(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, failure=ProviderUnreachable())
    quota(100_000, "tokens")
    found = answer(one)
    assert (found.response, found.status) == ("I am plain.", ExecutionStatus.COMPLETED)
    assert (found.model_id, found.fallback_for) == ("fake:plain", "fake:echo")
    assert used(one.actor) == (7, 0)


def test_an_answer_that_has_begun_is_not_begun_again(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, TextChunk("I was"), failure=ProviderUnreachable())
    found = answer(one)
    assert (found.response, found.status) == ("I was", ExecutionStatus.FAILED)
    assert found.fallback_for is None


def test_a_request_that_was_rejected_is_not_sent_elsewhere(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, failure=RequestRejected())
    found = answer(one)
    assert found.error is not None
    assert (found.error.reason, found.fallback_for) == ("bad_request", None)


def test_without_quota_left_for_it_the_first_failure_is_shown(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, failure=ProviderUnreachable())
    quota(6_000, "tokens")
    found = answer(one)
    assert found.error is not None
    assert (found.error.reason, found.fallback_for) == ("connection", None)
    assert used(one.actor) == (0, 0)


def test_what_it_cannot_take_it_is_not_asked(one: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, failure=ProviderUnreachable())
    tools = [{"name": "weather"}]
    buffer = ended(runners.execute(asked("a", tools=tools), actor=one.actor)[1])
    assert buffer.outcome is not None
    assert (buffer.outcome.status, buffer.outcome.fallback) == (ExecutionStatus.FAILED, None)


def test_a_later_round_that_fails_does_not_hide_which_model_answered(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stream(_self: object, call: ModelCall, _token: object) -> Iterator[Chunk]:
        if call.model == "echo" or call.messages[-1].tool_call_id:
            raise ProviderUnreachable
        yield ToolCallChunk("call_1", "current_time", "{}")
        yield UsageChunk(Usage(input=3, output=4))
        yield EndChunk("tool_calls")

    monkeypatch.setattr(Fake, "stream", stream)
    monkeypatch.setattr(gateway, "RETRY_WAITS_S", ())
    with transaction() as session:
        given = WorkspaceSettings.model_validate({"fallback_model": "fake:tools"})
        workspace.change(session, given, actor=one.actor)
    call = asked("a", tools=("current_time",))
    found = stored(one, ended(runners.execute(call, actor=one.actor, toolbox=Clock())[1]).id)
    assert (found.status, found.usage.total_tokens) == (ExecutionStatus.FAILED, 7)
    assert (found.model_id, found.fallback_for) == ("fake:tools", "fake:echo")
