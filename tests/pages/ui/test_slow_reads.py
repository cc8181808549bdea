"""A read is cancelled when no page waits for it any more, and costs nobody else an answer."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import text
from streamlit.runtime.scriptrunner import StopException

from core.cache import large_workspaces
from core.cache.large_workspaces import cached_if_large
from core.database.connections import engines
from core.database.connections.query_slots import AT_ONCE, slots
from core.database.db import Session, read_session
from core.embedded.postgres import Postgres
from core.errors import Unavailable
from core.identity.schemas import Actor, Role
from core.processes import startup
from pages._ui import cache, shared_reads
from pages._ui.cache import Reads
from pages._ui.shared_reads import SharedReads
from tests.factories.identity import person
from tests.faults.program import until

RUNNING = """
    select count(*) from pg_stat_activity
    where state = 'active' and query like '%pg_sleep%' and pid <> pg_backend_pid()
"""


@pytest.fixture(autouse=True)
def serving(database: Postgres) -> Iterator[None]:
    """Provide the engines of a web process."""
    with startup.serving_engines(database.addresses()):
        yield


def sleep() -> str:
    with read_session() as session:
        session.execute(text("select pg_sleep(20)"))
        return "slept"


def running() -> int:
    with read_session() as session:
        return int(session.scalar(text(RUNNING)) or 0)


def test_a_statement_ends_when_the_only_page_leaves() -> None:
    with SharedReads().joined("how many?", sleep) as answer:
        until(lambda: running() == 1, 10)
    until(lambda: running() == 0, 10)
    with pytest.raises(Unavailable):
        answer.result(10)


def test_a_read_goes_on_while_another_page_waits_for_it() -> None:
    reads, is_over = SharedReads(), threading.Event()

    def read() -> str:
        assert is_over.wait(30)
        return "counted"

    with reads.joined("how many?", read) as answer:
        with reads.joined("how many?", sleep) as same:
            assert same is answer
        is_over.set()
        assert answer.result(10) == "counted"


def test_a_page_that_runs_again_joins_the_read_it_left() -> None:
    reads, is_over = SharedReads(), threading.Event()
    with reads.joined("how many?", lambda: is_over.wait(30)) as answer:
        pass
    with reads.joined("how many?", sleep) as same:
        is_over.set()
        assert same is answer


def test_a_page_after_a_change_does_not_join_a_read_from_before() -> None:
    reads, is_over = SharedReads(), threading.Event()
    with reads.joined("how many?", lambda: is_over.wait(30)):
        reads.forget()
        assert reads.get("how many?", lambda: "another", reader="count") == "another"
        is_over.set()


def test_an_error_of_a_read_reaches_the_page() -> None:
    def fail() -> None:
        raise Unavailable

    with pytest.raises(Unavailable):
        SharedReads().get("how many?", fail, reader="count")


def counted_once_shared(read: str) -> Any:  # noqa: ANN401  what was counted
    """Count what is counted for all readers of a large workspace together."""
    with read_session() as session:
        session.connection()
        return cached_if_large(session, "funnel", lambda: session.scalar(text(read)))


def connections() -> int:
    return int(engines.current().core.pool.checkedout())  # type: ignore[attr-defined]


def test_a_reader_who_leaves_costs_nobody_the_answer_who_waits_for_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(large_workspaces, "LARGE_ROWS", 0)
    monkeypatch.setattr(shared_reads, "CANCELLED_AFTER_S", 0.1)
    reads, before = SharedReads(), connections()
    with ExitStack() as other:
        with reads.joined("as a viewer", lambda: counted_once_shared("select 1, pg_sleep(20)")):
            until(lambda: running() == 1, 10)
            answer = other.enter_context(
                reads.joined("as an admin", lambda: counted_once_shared("select 7"))
            )
            # It waits for the viewer's without a connection, once it has asked how large it is
            until(lambda: connections() == before + 1, 10)
        assert answer.result(20) == 7


began: list[str] = []


def slow(session: Session, *, actor: Actor) -> str:
    began.append(actor.name)
    session.execute(text("select pg_sleep(0.5)"))
    return "counted"


def test_who_comes_back_while_the_read_waits_for_its_turn_gets_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    actor, waits = person(Role.ANALYST).actor, threading.Semaphore(0)
    has_left = threading.Event()

    def wait_aloud(_answer: "Future[Any]", _reader: str) -> None:
        waits.release()
        if not has_left.is_set():
            raise StopException  # the next run of the page ends this one

    monkeypatch.setattr(shared_reads, "QUIET_S", 0.2)
    monkeypatch.setattr(shared_reads, "CANCELLED_AFTER_S", 0)
    monkeypatch.setattr(shared_reads, "_wait_aloud", wait_aloud)
    cache.forget()
    began.clear()
    with ThreadPoolExecutor(1) as pool, ExitStack() as others:
        for number in range(AT_ONCE):
            others.enter_context(slots.taken(number))
        with pytest.raises(StopException):
            Reads(actor).ask(slow)
        has_left.set()
        until(lambda: not any(isinstance(it, threading.Timer) for it in threading.enumerate()), 10)
        asked = pool.submit(Reads(actor).ask, slow)
        for _ in range(2):
            assert waits.acquire(timeout=20)
        others.close()
        assert asked.result(20) == "counted"
    assert len(began) == 1
