"""A database that hangs is detected at once, and used again when it continues; a slow one is waited
for.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from core.database import db
from core.database.connections import engines
from core.database.connections import monitor as database_monitor
from core.embedded.postgres import Postgres
from core.errors import Unavailable
from core.processes import startup
from tests.faults.hanging import hanging, noticed_soon
from tests.faults.program import until


@pytest.fixture
def serving(database: Postgres) -> Iterator[Postgres]:
    """Provide the engines of a web process, each with a used connection."""
    with startup.serving_engines(database.addresses()):
        one()
        yield database


def one() -> object:
    with db.transaction() as session:
        return session.scalar(text("select 1"))


def sleep() -> None:
    with db.transaction() as session:
        session.execute(text("select pg_sleep(20)"))


def commit() -> None:
    with db.transaction() as session:
        session.execute(text("create temporary table kept on commit drop as select 1"))
        session.execute(text("select txid_current()"))


def is_held_up() -> bool:
    """Whether a commit is: not before the server has read its settings."""
    try:
        commit()
    except Unavailable:
        return True
    return False


@contextmanager
def stalled_disk(database: Postgres) -> Iterator[None]:
    """Block commits, as on a stalled disk: here by a synchronous standby that never answers."""
    with (
        engines.current()
        .core.connect()
        .execution_options(isolation_level="AUTOCOMMIT") as connection
    ):
        for setting in ("synchronous_commit = on", "synchronous_standby_names = 'nobody'"):
            connection.execute(text(f"alter system set {setting}"))
        connection.execute(text("select pg_reload_conf()"))
    try:
        yield
    finally:
        with database._connect() as own:  # noqa: SLF001  ours are not let in
            own.execute("alter system set synchronous_commit = off")
            own.execute("alter system reset synchronous_standby_names")
            own.execute("select pg_reload_conf()")


def test_a_statement_does_not_wait_until_a_hanging_server_goes_on(serving: Postgres) -> None:
    # statement_timeout is the server's, and does nothing while it hangs
    with hanging(serving), noticed_soon(), pytest.raises(Unavailable):
        one()


def test_no_new_connection_is_tried_while_the_server_hangs(
    serving: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hanging(serving), noticed_soon():
        until(lambda: not engines.answers(), 20)
        monkeypatch.setattr(database_monitor.MonitoredConnection, "connect", None)
        for _ in range(3):
            with pytest.raises(Unavailable):
                one()


def test_a_server_that_goes_on_is_used_again(serving: Postgres) -> None:
    with hanging(serving), noticed_soon():
        until(lambda: not engines.answers(), 20)
    until(engines.answers, 20)
    assert one() == 1


def test_a_commit_that_a_stalled_disk_holds_up_is_reported(serving: Postgres) -> None:
    with stalled_disk(serving), noticed_soon():
        until(is_held_up, 20)
        assert not engines.answers()  # noticed, not the longest time that a statement may take
    until(engines.answers, 20)
    commit()


def test_a_long_statement_of_a_server_that_answers_comes_to_its_end(serving: Postgres) -> None:
    with db.transaction() as session:
        assert session.scalar(text("select 'done' from pg_sleep(1)")) == "done"
    assert engines.answers()


def test_a_single_connection_that_hangs_ends_after_its_longest_time(serving: Postgres) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database_monitor, "LONGEST_STATEMENT_S", 0.2)
        with pytest.raises(Unavailable):
            sleep()
    assert one() == 1


def test_what_no_web_process_waits_for_has_no_such_limit(
    database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_monitor, "LONGEST_STATEMENT_S", 0.0)
    with db.transaction() as session:
        assert session.scalar(text("select 'done' from pg_sleep(0.2)")) == "done"


def test_an_error_is_an_answer(database: Postgres) -> None:
    monitor = database_monitor.DatabaseMonitor(engines.driver_address(database.addresses().core))
    monitor._look(b"select 1/0")  # noqa: SLF001
    assert monitor.answers
    monitor.stop()


def test_a_server_that_is_not_there_does_not_answer_and_does_not_hang_either(
    database: Postgres,
) -> None:
    monitor = database_monitor.DatabaseMonitor("host=127.0.0.1 port=9 dbname=nothing")
    monitor._look(b"")  # noqa: SLF001
    assert (monitor.answers, monitor.hangs) == (False, False)
