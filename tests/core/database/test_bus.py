"""Hints between processes arrive in order, and after a lost connection subscribers read again."""

import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from core.database import bus
from core.database.db import transaction
from core.embedded.postgres import Postgres

pytestmark = pytest.mark.usefixtures("database", "listening")

PATIENCE_S = 30.0


@pytest.fixture
def heard() -> Iterator[list[bus.Hint]]:
    hints: list[bus.Hint] = []
    unsubscribe = bus.subscribe("one", hints.append)
    yield hints
    unsubscribe()


def wait_for(hints: list[bus.Hint], count: int) -> None:
    ends_at = time.monotonic() + PATIENCE_S
    while len(hints) < count and time.monotonic() < ends_at:
        time.sleep(0.005)
    assert len(hints) >= count


def tell(topic: str = "one", **hint: object) -> None:
    with transaction() as session:
        bus.publish(session, topic, **hint)


def cut() -> None:
    with transaction() as session:
        ours = "application_name = 'attune bus' and datname = current_database()"
        session.execute(
            text(f"select pg_terminate_backend(pid) from pg_stat_activity where {ours}")
        )


def test_a_hint_arrives_with_what_it_carries(heard: list[bus.Hint]) -> None:
    tell(id="7", revision=3, text="ü")
    wait_for(heard, 1)
    assert heard == [{"id": "7", "revision": 3, "text": "ü"}]


def test_hints_arrive_in_the_order_of_their_commits(heard: list[bus.Hint]) -> None:
    for number in range(50):
        tell(number=number)
    wait_for(heard, 50)
    assert heard == [{"number": number} for number in range(50)]


def test_each_listener_of_a_topic_hears_it_and_no_other_does(heard: list[bus.Hint]) -> None:
    second: list[bus.Hint] = []
    other: list[bus.Hint] = []
    ends = [bus.subscribe("one", second.append), bus.subscribe("two", other.append)]
    tell()
    wait_for(heard, 1)
    wait_for(second, 1)
    for unsubscribe in ends:
        unsubscribe()
    assert other == []


def test_whoever_has_left_hears_no_more(heard: list[bus.Hint]) -> None:
    gone: list[bus.Hint] = []
    unsubscribe = bus.subscribe("one", gone.append)
    unsubscribe()
    unsubscribe()
    tell()
    wait_for(heard, 1)
    assert gone == []


def test_a_listener_that_breaks_disturbs_nobody(heard: list[bus.Hint]) -> None:
    def broken(_hint: bus.Hint) -> None:
        raise RuntimeError("broken")

    unsubscribe = bus.subscribe("one", broken)
    tell()
    tell()
    wait_for(heard, 2)
    unsubscribe()


def test_a_listener_may_leave_while_it_is_called(heard: list[bus.Hint]) -> None:
    calls: list[int] = []

    def once(_hint: bus.Hint) -> None:
        calls.append(1)
        unsubscribe()

    unsubscribe = bus.subscribe("one", once)
    tell()
    tell()
    wait_for(heard, 2)
    assert calls == [1]


def test_after_a_cut_everybody_looks_again_and_hears_as_before(heard: list[bus.Hint]) -> None:
    cut()
    wait_for(heard, 1)
    assert heard == [None]
    tell(number=1)
    wait_for(heard, 2)
    assert heard[1] == {"number": 1}


def test_what_is_told_during_a_cut_is_lost_but_the_call_to_look_comes_after_it(
    heard: list[bus.Hint],
) -> None:
    """So whoever looks when called finds what it was about."""
    cut()
    tell(number=1)
    wait_for(heard, 1)
    assert heard[0] is None


@pytest.mark.parametrize(
    "notice",
    ["", "x", "[]", "7", "null", "{}", '{"topic": []}', '{"no topic": 1}', '{"topic": {"a": 1}}'],
)
def test_a_notice_of_somebody_else_ends_nothing(heard: list[bus.Hint], notice: str) -> None:
    with transaction() as session:
        session.execute(text("select pg_notify('attune', :notice)"), {"notice": notice})
    tell(number=1)
    wait_for(heard, 1)
    assert heard == [{"number": 1}]


def test_equal_hints_of_one_transaction_arrive_once(heard: list[bus.Hint]) -> None:
    with transaction() as session:
        for _ in range(3):
            bus.publish(session, "one", number=1)
        bus.publish(session, "one", number=2)
    wait_for(heard, 2)
    assert heard == [{"number": 1}, {"number": 2}]


def test_telling_only_this_process_waits_for_no_database(heard: list[bus.Hint]) -> None:
    bus.notify_locally("one", id=7)
    assert heard == [{"id": "7"}]


def test_an_outage_is_logged_when_it_begins_and_when_it_has_ended(
    database: Postgres, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # Each attempt to connect was a line: two in a second, of every process
    tried: list[str] = []
    connect = psycopg.connect

    def refused(address: str, **options: Any) -> object:  # noqa: ANN401  of psycopg
        tried.append(address)
        if len(tried) < 4:
            raise psycopg.OperationalError
        return connect(address, **options)

    monkeypatch.setattr(psycopg, "connect", refused)
    monkeypatch.setattr(bus, "PAUSE_AFTER_CUT_S", 0.01)
    caplog.set_level("INFO")
    listener = bus.Bus(database.addresses().core)
    listener.start()
    try:
        assert listener.listens.wait(PATIENCE_S)
    finally:
        listener.stop()
    logged = [record.message for record in caplog.records if "bus" in record.message]
    assert logged == ["the bus lost its connection: OperationalError", "the bus is connected again"]
