"""When a provider fails before the answer begins, the workspace's fallback model answers."""

from collections.abc import Iterator

import pytest

from core.database.db import transaction
from core.executions import queries
from core.executions import runner as runners
from core.executions.schemas import ExecutionStatus, ExecutionView
from core.identity.schemas import Role
from core.providers import gateway
from core.providers.chunks import Chunk, EndChunk, TextChunk, Usage, UsageChunk
from core.providers.errors import ProviderUnreachable, RequestRejected
from core.providers.schemas import ModelCall
from core.providers.vendors.fake import Fake
from core.system import workspace
from core.system.workspace import WorkspaceSettings
from tests.factories.executions import asked, begun, ended
from tests.factories.identity import Person, person
from tests.factories.quotas import quota, used


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
    buffer = ended(begun(one.actor))
    with transaction() as session:
        return queries.get_execution(session, buffer.id, owner=one.actor.id)


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
