"""Events are delivered at least once, in order, and never by two workers at the same time."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select, text

from core.database.connections import engines
from core.database.db import Database, transaction
from core.database.tables import CoreOutbox
from core.embedded.postgres import Postgres
from core.errors import Unavailable
from core.jobs import outbox
from core.jobs.outbox import retry_wait
from core.platform import clock
from core.processes import worker

pytestmark = pytest.mark.usefixtures("database")

TOPIC = "test.happened"


@pytest.fixture
def handled() -> Iterator[list[outbox.Handler]]:
    """Let a test say who handles its events."""
    handlers = outbox._handlers[TOPIC]  # noqa: SLF001  taken back after the test
    yield handlers
    handlers.clear()


@pytest.fixture
def told(handled: list[outbox.Handler]) -> list[int]:
    seen: list[int] = []
    handled.append(lambda payload: seen.append(payload["number"]))
    return seen


def happen(*numbers: int, database: Database = Database.CORE) -> None:
    for number in numbers:
        with transaction(database) as session:
            outbox.add(session, TOPIC, {"number": number}, database=database)


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    then = clock.now() + by
    monkeypatch.setattr(clock, "now", lambda: then)


def left() -> list[CoreOutbox]:
    with transaction() as session:
        return list(session.scalars(select(CoreOutbox).order_by(CoreOutbox.id)))


@pytest.mark.parametrize("which", list(Database))
def test_what_happened_is_told_in_order_and_then_forgotten(
    told: list[int], which: Database
) -> None:
    happen(*range(5), database=which)
    assert outbox.relay(which) == 5
    assert told == [0, 1, 2, 3, 4]
    assert outbox.relay(which) == 0


def test_an_outage_is_a_warning_of_one_line_and_the_event_stays(
    handled: list[outbox.Handler], caplog: pytest.LogCaptureFixture
) -> None:
    def unavailable(_payload: dict[str, Any]) -> None:
        raise Unavailable

    handled.append(unavailable)
    happen(1)
    outbox.relay(Database.CORE)
    [record] = [each for each in caplog.records if each.name == "attune.outbox"]
    assert (record.levelname, record.exc_info) == ("WARNING", None)
    assert "The database is not responding" in record.getMessage()
    assert len(left()) == 1


def test_what_was_rolled_back_never_happened(told: list[int]) -> None:
    def fails() -> None:
        with transaction() as session:
            outbox.add(session, TOPIC, {"number": 1})
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()
    assert outbox.relay(Database.CORE) == 0


def test_many_are_told_in_batches(told: list[int]) -> None:
    with transaction() as session:
        for number in range(250):
            outbox.add(session, TOPIC, {"number": number})
    assert [outbox.relay(Database.CORE) for _ in range(4)] == [100, 100, 50, 0]
    assert told == list(range(250))


def test_what_nobody_handles_is_forgotten() -> None:
    with transaction() as session:
        outbox.add(session, "nobody.cares", {})
    assert outbox.relay(Database.CORE) == 1
    assert left() == []


def test_a_failure_waits_and_those_after_it_do_not(handled: list[outbox.Handler]) -> None:
    seen: list[int] = []

    def handle(payload: dict[str, Any]) -> None:
        if payload["number"] == 1:
            raise RuntimeError("not yet")
        seen.append(payload["number"])

    handled.append(handle)
    happen(0, 1, 2)
    outbox.relay(Database.CORE)
    assert seen == [0, 2]
    (waiting,) = left()
    assert waiting.attempts == 1
    assert waiting.due_at > clock.now()


def naming(*ids: int) -> None:
    with transaction() as session:
        outbox.add(session, TOPIC, {"ids": list(ids)})


def test_what_only_names_things_is_told_together(handled: list[outbox.Handler]) -> None:
    seen: list[Any] = []
    handled.append(lambda payload: seen.append(payload.get("ids", payload)))
    naming(1, 2)
    naming(3)
    happen(7)
    naming(4)
    naming(*range(1000))
    assert outbox.relay(Database.CORE) == 5
    assert seen == [[1, 2, 3], {"number": 7}, [4], list(range(1000))]
    assert left() == []


def test_of_what_is_told_together_only_what_fails_waits(handled: list[outbox.Handler]) -> None:
    seen: list[int] = []

    def handle(payload: dict[str, Any]) -> None:
        if 2 in payload["ids"]:
            raise RuntimeError("not yet")
        seen.extend(payload["ids"])

    handled.append(handle)
    for number in range(4):
        naming(number)
    assert outbox.relay(Database.CORE) == 4
    assert seen == [0, 1, 3]
    (waiting,) = left()
    assert (waiting.payload, waiting.attempts) == ({"ids": [2]}, 1)


def test_it_is_tried_again_after_its_pause(
    handled: list[outbox.Handler], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def handle(payload: dict[str, Any]) -> None:
        tries.append(payload["number"])
        if len(tries) < 3:
            raise RuntimeError("not yet")

    handled.append(handle)
    happen(1)
    for _ in range(4):
        outbox.relay(Database.CORE)
        later(monkeypatch, timedelta(seconds=10))
    assert tries == [1, 1, 1]
    assert left() == []


def test_the_pause_grows_to_an_hour_and_stays_there() -> None:
    pauses = [retry_wait(attempts) for attempts in (1, 2, 3, 11, 12, 13, 50, 10_000)]
    assert pauses[:3] == [timedelta(seconds=2), timedelta(seconds=4), timedelta(seconds=8)]
    assert pauses[3] == timedelta(seconds=2048)
    assert set(pauses[4:]) == {timedelta(hours=1)}


def test_one_that_has_failed_for_days_does_not_stop_the_others(
    told: list[int], handled: list[outbox.Handler]
) -> None:
    def broken(payload: dict[str, Any]) -> None:
        if payload["number"] == 0:
            raise RuntimeError("for ever")

    handled.insert(0, broken)
    happen(0)
    with transaction() as session:
        session.execute(text("update outbox set attempts = 2000"))
    happen(1)
    outbox.relay(Database.CORE)
    assert told == [1]


def test_with_several_handlers_all_are_called_again_until_all_are_done(
    handled: list[outbox.Handler], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def second(_payload: dict[str, Any]) -> None:
        calls.append("second")
        if calls.count("second") < 2:
            raise RuntimeError("not yet")

    handled.extend([lambda _payload: calls.append("first"), second])
    happen(1)
    outbox.relay(Database.CORE)
    later(monkeypatch, timedelta(seconds=10))
    outbox.relay(Database.CORE)
    assert calls == ["first", "second", "first", "second"]


def test_two_relays_at_once_never_tell_the_same(handled: list[outbox.Handler]) -> None:
    begun, go_on, seen = Event(), Event(), []

    def handle(payload: dict[str, Any]) -> None:
        seen.append(payload["number"])
        begun.set()
        assert go_on.wait(10)

    handled.append(handle)
    happen(0, 1, 2)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(outbox.relay, Database.CORE)
        assert begun.wait(10)
        second = pool.submit(outbox.relay, Database.CORE)
        assert second.result(timeout=10) == 0
        go_on.set()
        assert first.result(timeout=10) == 3
    assert seen == [0, 1, 2]


def test_many_relays_tell_everything_once(told: list[int]) -> None:
    with transaction() as session:
        for number in range(300):
            outbox.add(session, TOPIC, {"number": number})

    def relay_all(_: int) -> None:
        while left():
            outbox.relay(Database.CORE)
            time.sleep(0.001)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(relay_all, range(3)))
    assert sorted(told) == list(range(300))


def test_a_relay_that_dies_in_the_middle_tells_all_of_it_again(
    handled: list[outbox.Handler],
) -> None:
    seen: list[int] = []

    class Killed(BaseException):
        """The process is gone."""

    def handle(payload: dict[str, Any]) -> None:
        seen.append(payload["number"])
        if seen == [0, 1]:
            raise Killed

    handled.append(handle)
    happen(0, 1, 2)
    with pytest.raises(Killed):
        outbox.relay(Database.CORE)
    outbox.relay(Database.CORE)
    assert seen == [0, 1, 0, 1, 2]


def test_a_round_that_takes_long_forgets_what_it_has_told_and_leaves_the_rest(
    told: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "ROUND_S", 0.0)
    happen(0, 1, 2)
    assert outbox.relay(Database.CORE) == 1
    assert [(each.payload["number"], each.attempts) for each in left()] == [(1, 0), (2, 0)]
    assert [outbox.relay(Database.CORE) for _ in range(3)] == [1, 1, 0]
    assert told == [0, 1, 2]


def test_of_what_failed_together_a_long_round_tells_some_one_by_one(
    handled: list[outbox.Handler], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def handle(payload: dict[str, Any]) -> None:
        if len(payload["ids"]) > 1:
            raise RuntimeError("too many")
        seen.extend(payload["ids"])

    monkeypatch.setattr(outbox, "ROUND_S", 0.0)
    handled.append(handle)
    for number in range(3):
        naming(number)
    assert [outbox.relay(Database.CORE) for _ in range(4)] == [1, 1, 1, 0]
    assert seen == [0, 1, 2]


def test_a_delivery_may_take_longer_than_a_transaction_may_be_idle(
    database: Postgres,
    told: list[int],
    handled: list[outbox.Handler],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engines, "OPTIONS", "-c idle_in_transaction_session_timeout=1s")
    before, addresses = engines.current(), database.addresses()
    opened = [
        engines.create(address, pool_size=2, overflow=0)
        for address in (addresses.core, addresses.ai)
    ]
    happen(0, 1)
    handled.append(lambda payload: time.sleep(1.5 if payload["number"] else 0))
    engines.use(engines.Engines(opened[0], opened[1]))
    try:
        assert outbox.relay(Database.CORE) == 2
    finally:
        engines.current().dispose()
        engines.use(before)
    assert (told, left()) == ([0, 1], [])


def test_the_worker_goes_on_telling_after_an_error_that_nobody_knew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopping, something, calls = Event(), Event(), []

    def relay(_database: Database) -> int:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("nobody knew")
        stopping.set()
        return 0

    monkeypatch.setattr(outbox, "relay", relay)
    monkeypatch.setattr(worker, "RELAY_INTERVAL_S", 0.01)
    monkeypatch.setattr(worker, "RECONNECT_WAIT_S", 0.01)
    worker._relay(stopping, something)  # noqa: SLF001  its thread ends with the process only
    assert len(calls) > 1
