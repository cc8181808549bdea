"""Calls beyond the limits of a provider wait in its queue, first come, first served."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy import event, text

from core.database import bus
from core.database.connections import engines
from core.database.db import transaction
from core.executions import provider_queue
from core.executions import runner as runners
from core.executions.answer_buffers import AnswerBuffer
from core.executions.runner import Runner
from core.executions.schemas import ExecutionStatus
from core.executions.service import executions as service
from core.executions.service import provider_turns
from core.identity.schemas import Role
from core.network.cancellation import CancelToken
from core.platform.ids import new_id
from core.providers import gateway
from core.providers.chunks import Chunk, EndChunk, TextChunk
from core.providers.schemas import ModelCall
from core.providers.vendors.fake import Fake
from tests.factories.executions import PATIENCE_S, asked, begun, ended, executed
from tests.factories.identity import Person, person
from tests.factories.providers import limited


@dataclass
class Vendor:
    """A fake provider whose calls wait until they are let go."""

    begun: list[str] = field(default_factory=list)
    most: int = 0
    is_over: bool = False
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _may_end: dict[str, threading.Event] = field(default_factory=dict)

    def let_go(self, *prompts: str) -> None:
        for prompt in prompts:
            self._event(prompt).set()

    def stream(self, call: ModelCall, cancel_token: CancelToken) -> Iterator[Chunk]:
        prompt = call.messages[-1].content
        with self._lock:
            self.begun.append(prompt)
            self._now += 1
            self.most = max(self.most, self._now)
        may_end = self._event(prompt)
        while not (may_end.wait(0.005) or cancel_token.is_cancelled or self.is_over):
            pass
        with self._lock:
            self._now -= 1
        yield TextChunk(prompt)
        yield EndChunk("stop")

    def _event(self, prompt: str) -> threading.Event:
        with self._lock:
            return self._may_end.setdefault(prompt, threading.Event())


@pytest.fixture
def one(runner: Runner) -> Person:
    return person(Role.ADMIN)


@pytest.fixture
def vendor(one: Person, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    vendor = Vendor()
    monkeypatch.setattr(
        Fake, "stream", lambda _self, call, cancel_token: vendor.stream(call, cancel_token)
    )
    yield vendor
    vendor.is_over = True
    until(lambda: not turns("ended_at is null"))


def until(is_true: Callable[[], bool]) -> None:
    gives_up_at = time.monotonic() + PATIENCE_S
    while not is_true():
        assert time.monotonic() < gives_up_at, "it did not become so"
        time.sleep(0.005)


def queued(one: Person, *prompts: str) -> list[AnswerBuffer]:
    """Start calls, of which the first calls and each of the others waits behind the one before."""
    buffers: list[AnswerBuffer] = []
    for place, prompt in enumerate(prompts):
        buffers.append(begun(one.actor, prompt))
        until(lambda place=place: buffers[-1].queue_position == (place or None))  # type: ignore[misc]
        if not place:
            until(lambda: turns("started_at is not null") == 1)
    return buffers


def turns(which: str) -> int:
    with transaction() as session:
        found = text(f"select count(*) from provider_turns where {which}")
        return int(session.execute(found).scalar_one())


def positions(buffers: list[AnswerBuffer]) -> list[int | None]:
    return [buffer.queue_position for buffer in buffers]


def test_calls_start_in_the_order_in_which_they_came(one: Person, vendor: Vendor) -> None:
    limited(one, max_concurrent=1)
    buffers = queued(one, "a", "b", "c", "d")
    assert positions(buffers) == [None, 1, 2, 3]
    vendor.let_go("a")
    until(lambda: positions(buffers) == [None, None, 1, 2])
    vendor.let_go("b", "c", "d")
    for buffer in buffers:
        assert ended(buffer).status is ExecutionStatus.COMPLETED
    assert (vendor.begun, vendor.most) == (["a", "b", "c", "d"], 1)


def test_two_processes_share_the_limit(
    one: Person, vendor: Vendor, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(one, max_concurrent=2)
    other = Runner(new_id())
    buffers: list[AnswerBuffer] = []
    for number in range(12):
        runners.use(other if number % 2 else runner)
        buffers.append(begun(one.actor, f"call {number}"))
    runners.use(runner)
    until(lambda: sum(position is not None for position in positions(buffers)) == 10)
    vendor.let_go(*(f"call {number}" for number in range(12)))
    for buffer in buffers:
        assert ended(buffer).status is ExecutionStatus.COMPLETED
    other.stop(grace_s=0.0)
    assert vendor.most == 2


def test_a_lost_hint_costs_a_moment(
    one: Person, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_queue, "LOOK_INTERVAL_S", 0.02)
    monkeypatch.setattr(provider_turns, "QUEUE", "a topic that nobody hears")
    limited(one, max_concurrent=1)
    buffers = queued(one, "a", "b")
    vendor.let_go("a", "b")
    assert ended(buffers[1]).status is ExecutionStatus.COMPLETED


def test_a_call_that_is_cancelled_while_it_waits_leaves_the_queue(
    one: Person, vendor: Vendor
) -> None:
    limited(one, max_concurrent=1)
    buffers = queued(one, "a", "b", "c")
    with transaction() as session:
        service.cancel(session, buffers[1].id, text="", actor=one.actor)
    until(lambda: positions(buffers) == [None, None, 1])
    vendor.let_go("a", "c")
    assert [ended(buffer).status for buffer in buffers] == ["completed", "cancelled", "completed"]
    assert vendor.begun == ["a", "c"]


def test_the_turn_of_a_killed_process_is_freed(
    one: Person, vendor: Vendor, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_queue, "LOOK_INTERVAL_S", 0.02)
    limited(one, max_concurrent=1)
    dead = new_id()
    with transaction() as session:
        execution = service.begin(session, asked(), instance=dead, actor=one.actor)
        provider_turns.enter(session, "fake", execution.id)
    buffer = begun(one.actor, "b")
    until(lambda: buffer.queue_position == 1)
    vendor.let_go("b")
    with transaction() as session:
        service.fail_interrupted(session, dead)
    assert buffer.outcome is None, "a cancelled call may still be closing its connection"
    with transaction() as session:
        ago = "update prompt_executions set finished_at = finished_at - interval '6 seconds'"
        session.execute(text(ago))
    assert ended(buffer).status is ExecutionStatus.COMPLETED


def test_calls_per_minute_are_counted_from_their_start(
    one: Person, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_queue, "LOOK_INTERVAL_S", 0.02)
    limited(one, calls_per_minute=2)
    vendor.let_go("a", "b", "c")
    executed(one.actor, "a")
    executed(one.actor, "b")
    buffer = begun(one.actor, "c")
    until(lambda: buffer.queue_position == 1)
    with transaction() as session:
        past = "update provider_turns set started_at = started_at - interval '1 minute' where id = "
        session.execute(text(past + "(select min(id) from provider_turns)"))
    assert ended(buffer).status is ExecutionStatus.COMPLETED


def test_a_queue_has_an_end(one: Person, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_turns, "MAX_WAITING", 1)
    limited(one, max_concurrent=1)
    queued(one, "a", "b")
    assert reason(executed(one.actor, "c")) == "queue_full"


def test_waiting_calls_leave_threads_for_others(
    one: Person, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_queue, "_threads", threading.BoundedSemaphore(1))
    limited(one, max_concurrent=1)
    buffers = queued(one, "a", "b")
    assert reason(executed(one.actor, "c")) == "queue_full"
    vendor.let_go("a", "b", "d", "e")
    for buffer in (*buffers, begun(one.actor, "d"), begun(one.actor, "e")):
        ended(buffer)
    assert reason(executed(one.actor, "e")) is None


def test_a_call_waits_no_longer_than_a_call_may_take(
    one: Person, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(one, max_concurrent=1)
    queued(one, "a")
    monkeypatch.setattr(gateway, "WHOLE_CALL_TIMEOUT_S", 0.05)
    assert reason(executed(one.actor, "b")) == "queue_timeout"
    assert vendor.begun == ["a"]


def test_a_stop_of_attune_ends_the_wait(one: Person, vendor: Vendor, runner: Runner) -> None:
    limited(one, max_concurrent=1)
    buffers = queued(one, "a", "b")
    runner.stop(grace_s=0.0)
    assert reason(ended(buffers[1])) == "interrupted"
    assert vendor.begun == ["a"]


def test_limits_that_are_removed_hold_nobody(
    one: Person, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_queue, "LOOK_INTERVAL_S", 0.02)
    limited(one, max_concurrent=1)
    buffers = queued(one, "a", "b", "c")
    limited(one, max_concurrent=None)
    vendor.let_go("b", "c")
    assert [ended(buffer).status for buffer in buffers[1:]] == ["completed"] * 2


def test_providers_without_limits_cost_no_statement_and_no_hint(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    hints: list[bus.Hint] = []
    unsubscribe = bus.subscribe(provider_turns.QUEUE, hints.append)

    def note(_connection: object, _cursor: object, sql: str, *_more: object) -> None:
        statements.append(sql)

    event.listen(engines.current().core, "before_cursor_execute", note)
    executed(one.actor)
    event.remove(engines.current().core, "before_cursor_execute", note)
    unsubscribe()
    assert statements
    assert not [sql for sql in statements if "provider_turns" in sql]
    assert not hints


def reason(buffer: AnswerBuffer) -> str | None:
    assert buffer.outcome is not None
    return buffer.outcome.error.reason if buffer.outcome.error else None
