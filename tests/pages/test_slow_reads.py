"""A read is cancelled when no page waits for it any more."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from core.database.db import read_session
from core.embedded.postgres import Postgres
from core.errors import Unavailable
from core.processes import startup
from pages._ui.shared_reads import SharedReads
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
