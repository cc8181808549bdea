"""A call always ends, and its row has the outcome."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.database import bus
from core.database.db import transaction
from core.errors import Unavailable
from core.executions import progress, queries
from core.executions import runner as runners
from core.executions.runner import Runner
from core.executions.schemas import (
    CallOutcome,
    ExecutionStatus,
    ExecutionView,
    PendingExecution,
)
from core.executions.service import executions as service
from core.providers.chunks import Chunk, EndChunk, TextChunk, ToolCallChunk, Usage, UsageChunk
from core.providers.vendors.fake import Fake
from tests.factories.executions import asked, begun, ended, executed, speaking
from tests.factories.identity import Person, person
from tests.faults.program import until


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def stored(one: Person, execution_id: UUID) -> ExecutionView:
    with transaction() as session:
        return queries.get_execution(session, execution_id, owner=one.actor.id)


def playing(monkeypatch: pytest.MonkeyPatch, *chunks: Chunk | Exception) -> None:
    def stream(*_given: object) -> Iterator[Chunk]:
        for chunk in chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    monkeypatch.setattr(Fake, "stream", stream)


def test_an_execution_is_stored_before_the_model_is_called(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def stream(*_given: object) -> Iterator[Chunk]:
        with transaction() as session:
            seen.extend(session.execute(text("select status from prompt_executions")).scalars())
        yield EndChunk("stop")

    monkeypatch.setattr(Fake, "stream", stream)
    executed(one.actor)
    assert seen == ["pending"]


def test_no_transaction_is_open_while_the_model_answers(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle: list[int] = []

    def stream(*_given: object) -> Iterator[Chunk]:
        with transaction() as session:
            asked_ = (
                "select count(*) from pg_stat_activity where state = 'idle in transaction' and "
                "datname = current_database()"
            )
            idle.append(session.execute(text(asked_)).scalar_one())
        yield EndChunk("stop")

    monkeypatch.setattr(Fake, "stream", stream)
    executed(one.actor)
    assert idle == [0]


def test_an_unexpected_error_fails_the_execution_and_keeps_its_text(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    playing(monkeypatch, TextChunk("so far"), RuntimeError("a secret of ours"))
    view = stored(one, executed(one.actor).id)
    assert (view.status, view.response) == (ExecutionStatus.FAILED, "so far")
    assert view.error is not None
    assert view.error.code == "internal"
    assert "secret" not in view.error.detail


def test_an_error_in_on_finish_does_not_keep_a_call_from_ending(
    one: Person, runner: Runner
) -> None:
    def broken(_session: Session, _id: UUID) -> None:
        raise RuntimeError("the feature above broke")

    with transaction() as session:
        begun = service.begin(session, asked(), instance=runner.instance, actor=one.actor)
    buffer = ended(runner.launch(begun, on_finish=broken))
    assert stored(one, buffer.id).status is ExecutionStatus.FAILED


@pytest.mark.parametrize("tokens", [2**31, 2**70, -1])
def test_figures_too_large_for_a_column_do_not_leave_an_execution_pending(
    one: Person, monkeypatch: pytest.MonkeyPatch, tokens: int
) -> None:
    playing(
        monkeypatch, TextChunk("x"), UsageChunk(Usage(input=tokens, output=1)), EndChunk("stop")
    )
    assert stored(one, executed(one.actor).id).status in (
        ExecutionStatus.FAILED,
        ExecutionStatus.COMPLETED,
    )


def test_tokens_of_an_answer_of_tool_calls_alone_are_estimated(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without a text it counted as free where the provider reports no usage
    playing(monkeypatch, ToolCallChunk("1", "look_up", '{"city": "Paris"}'), EndChunk("tool_calls"))
    usage = stored(one, executed(one.actor).id).usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.is_estimated) == (6, 6, True)


def test_characters_that_cannot_be_stored_are_removed_from_answers(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    playing(monkeypatch, TextChunk("a\0b \ud800 ü"), EndChunk("st\0op\ud800"))
    view = stored(one, executed(one.actor).id)
    assert view.status is ExecutionStatus.COMPLETED
    assert view.response == "ab \ufffd ü"


def test_an_outcome_is_stored_after_the_database_was_unavailable(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, tries = service.finish, []

    def late(session: Session, begun: PendingExecution, outcome: CallOutcome) -> bool:
        tries.append(1)
        if len(tries) < 3:
            raise Unavailable
        return finish(session, begun, outcome)

    monkeypatch.setattr(runners, "STORE_RETRY_WAITS_S", (0.01,) * 5)
    monkeypatch.setattr(service, "finish", late)
    assert stored(one, executed(one.actor).id).status is ExecutionStatus.COMPLETED


def test_an_answer_whose_commit_was_not_confirmed_ends_as_it_is_stored(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The retry found it ended already, and told the page that it was cancelled
    finish, tries = service.finish, []

    def unconfirmed(session: Session, begun: PendingExecution, outcome: CallOutcome) -> bool:
        tries.append(1)
        if len(tries) > 1:
            return finish(session, begun, outcome)
        with transaction() as committed:
            finish(committed, begun, outcome)
        raise Unavailable

    monkeypatch.setattr(runners, "STORE_RETRY_WAITS_S", (0.01,) * 5)
    monkeypatch.setattr(service, "finish", unconfirmed)
    buffer = executed(one.actor)
    assert ended(buffer).status is ExecutionStatus.COMPLETED
    assert stored(one, buffer.id).status is ExecutionStatus.COMPLETED


def test_an_outcome_after_a_cancellation_changes_nothing(one: Person, runner: Runner) -> None:
    with transaction() as session:
        begun = service.begin(session, asked(), instance=runner.instance, actor=one.actor)
        service.cancel(session, begun.id, text="so far", actor=one.actor)
    with transaction() as session:
        assert (
            service.finish(session, begun, CallOutcome(ExecutionStatus.COMPLETED, "all of it"))
            is False
        )
    assert stored(one, begun.id).response == "so far"


def test_a_cancellation_with_a_lost_hint_is_found_when_the_bus_reconnects(
    one: Person, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "STORE_INTERVAL_S", 0.02)
    buffer = speaking(begun(one.actor, model="fake:steady"))
    with transaction() as session:
        session.execute(text("update prompt_executions set status = 'cancelled'"))
    assert not buffer.cancel_token.wait(0.1)
    bus._deliver(service.CANCELLED, None)  # noqa: SLF001  what the bus says after a cut
    assert buffer.cancel_token.wait(30)
    assert ended(buffer).status is ExecutionStatus.CANCELLED


def test_the_text_so_far_is_in_the_row_about_every_second(
    one: Person, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = speaking(begun(one.actor, model="fake:steady"))
    hints: list[bus.Hint] = []
    unsubscribe = bus.subscribe(service.PROGRESS, hints.append)
    found = ""
    while not found and not buffer.cancel_token.wait(0.05):
        with transaction() as session:
            progress = queries.find_progress(session, buffer.id)
        assert progress is not None
        found = progress[0]
    until(lambda: {"id": str(buffer.id)} in hints, 10)
    unsubscribe()
    assert buffer.text.startswith(found)


def test_an_ended_answer_can_still_be_read_from_memory_for_a_moment(
    one: Person, runner: Runner
) -> None:
    buffer = executed(one.actor)
    assert runner.find(buffer.id) is buffer
    assert runner.text_of(buffer.id) == buffer.text


def test_an_ended_answer_is_dropped_from_memory_after_a_while(
    one: Person, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runners, "ENDED_BUFFER_TTL_S", -1.0)
    first = executed(one.actor)
    second = executed(one.actor)
    while runner.find(first.id) is not None:
        assert not second.cancel_token.wait(0.01)
    assert stored(one, first.id).status is ExecutionStatus.COMPLETED


def test_an_answer_cancelled_at_the_last_moment_is_reported_as_cancelled(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stream(*_given: object) -> Iterator[Chunk]:
        yield TextChunk("all of it")
        with transaction() as session:
            session.execute(text("update prompt_executions set status = 'cancelled'"))
        yield EndChunk("stop")

    monkeypatch.setattr(Fake, "stream", stream)
    buffer = executed(one.actor)
    assert buffer.status is ExecutionStatus.CANCELLED
    assert stored(one, buffer.id).status is ExecutionStatus.CANCELLED
