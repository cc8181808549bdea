"""The log of Postgres contains no texts of users, and its size is limited."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.database.connections import engines
from core.embedded.log_file import rotate
from core.embedded.postgres import Postgres

SECRET = "my password is hunter2"


def log_of_slow(cluster: Postgres, statement: str) -> str:
    """Run a statement that is logged as slow, and return the new log lines."""
    before = cluster.log.stat().st_size
    with engines.current().core.connect() as connection:
        connection.execute(text("set log_min_duration_statement = 0"))
        with connection.begin_nested() as savepoint:
            try:
                connection.execute(text(statement), {"given": SECRET})
            except DBAPIError:
                savepoint.rollback()
        connection.execute(text("select 'the statement after'"))
    return cluster.log.read_bytes()[before:].decode()


def test_a_slow_statement_is_logged_without_its_parameters(cluster: Postgres) -> None:
    # They hold texts of users
    logged = log_of_slow(cluster, "select length(cast(:given as text)) as slow")
    assert "as slow" in logged
    assert "hunter2" not in logged


@pytest.mark.parametrize(
    "statement",
    [
        "select cast(:given as integer)",  # the error quotes the value
        "select to_tsquery(:given)",
        f"select cast('{SECRET}' as integer)",  # and so does the statement
        f"do $$ begin raise unique_violation using message = 'twice', detail = '{SECRET}'; end $$",
    ],
)
def test_a_statement_that_fails_leaves_no_value_in_the_log(
    cluster: Postgres, statement: str
) -> None:
    logged = log_of_slow(cluster, statement)
    assert "the statement after" in logged
    assert "hunter2" not in logged


def test_a_large_log_is_moved_aside_and_its_writer_goes_on_in_the_same_file(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old\n" * 10)
        rotate(log, max_bytes=20)
        writer.write(b"new\n")
    assert log.read_bytes() == b"new\n"
    assert log.with_name("postgres.log.1").read_bytes() == b"old\n" * 10


def test_a_small_log_is_left_as_it_is(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    log.write_bytes(b"old\n")
    rotate(log, max_bytes=20)
    assert [each.name for each in tmp_path.iterdir()] == ["postgres.log"]


def test_a_running_server_has_its_log_looked_after(cluster: Postgres) -> None:
    assert "rotate postgres.log" in [thread.name for thread in threading.enumerate()]
