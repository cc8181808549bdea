"""Transactions: all or nothing; callbacks after the commit; and the error for an unavailable
database.
"""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from core.database import bus
from core.database.connections import engines
from core.database.db import Database, after_commit, transaction
from core.embedded.postgres import Postgres
from core.errors import Invalid, StartRefused, Unavailable
from core.platform.ids import new_id
from core.prompts.models import PromptOpinion
from core.system.models import Heartbeat
from core.system.service import heartbeat
from tests.faults.program import until

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def engines_before() -> Iterator[engines.Engines]:
    """Let a test change this process's engines."""
    before = engines.current()
    yield before
    if engines.current() is not before:
        engines.current().dispose()
    engines.use(before)


def beats() -> list[str]:
    with transaction() as session:
        return [row.name for row in session.query(Heartbeat).order_by(Heartbeat.name)]


def test_what_is_done_is_committed_at_the_end() -> None:
    with transaction() as session:
        heartbeat.beat(session, "one")
        assert beats() == []
    assert beats() == ["one"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit, Unavailable])
def test_any_exception_rolls_all_of_it_back(error: type[BaseException]) -> None:
    def fails() -> None:
        with transaction() as session:
            heartbeat.beat(session, "one")
            raise error

    with pytest.raises(error):
        fails()
    assert beats() == []


def test_each_database_has_transactions_of_its_own() -> None:
    with transaction(Database.AI) as session:
        assert session.execute(text("select to_regclass('heartbeats')")).scalar() is None


def test_what_waits_for_the_commit_comes_after_it() -> None:
    seen: list[list[str]] = []
    with transaction() as session:
        after_commit(session, lambda: seen.append(beats()))
        heartbeat.beat(session, "one")
        assert seen == []
    assert seen == [["one"]]


def test_it_comes_in_order_and_once() -> None:
    seen: list[int] = []
    with transaction() as session:
        for number in range(3):
            after_commit(session, lambda number=number: seen.append(number))  # type: ignore[misc]  # bound early
    assert seen == [0, 1, 2]


def test_it_never_comes_without_a_commit() -> None:
    seen: list[int] = []

    def fails() -> None:
        with transaction() as session:
            after_commit(session, lambda: seen.append(1))
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()
    assert seen == []


def test_a_savepoint_is_no_commit() -> None:
    """A model was called although the transaction that had asked for it failed afterwards."""
    seen: list[int] = []

    def fails() -> None:
        with transaction() as session:
            after_commit(session, lambda: seen.append(1))
            with session.begin_nested():
                heartbeat.beat(session, "one")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()
    assert seen == []


def test_after_a_savepoint_it_still_comes() -> None:
    seen: list[int] = []
    with transaction() as session:
        after_commit(session, lambda: seen.append(1))
        with session.begin_nested():
            heartbeat.beat(session, "one")
    assert seen == [1]


def test_a_commit_that_fails_raises_and_nothing_comes_after_it() -> None:
    seen: list[int] = []

    def fails() -> None:
        with transaction() as session:
            after_commit(session, lambda: seen.append(1))
            session.execute(
                text(
                    "create temporary table one (id int primary key deferrable initially deferred)"
                )
            )
            session.execute(text("insert into one values (1), (1)"))

    with pytest.raises(IntegrityError):
        fails()
    assert seen == []


def test_a_reference_to_what_was_deleted_meanwhile_is_to_be_tried_again() -> None:
    # A row that another tab deletes between the check and the insert was an internal error
    gone = {"template_id": new_id(), "admin_user_id": new_id(), "rating": 5}
    with pytest.raises(Unavailable, match="just deleted"), transaction() as session:
        session.execute(insert(PromptOpinion).values(gone))


def test_two_changes_that_wait_for_each_other_are_no_outage() -> None:
    with pytest.raises(Unavailable, match="at the same moment"), transaction():
        raise psycopg.errors.DeadlockDetected


def test_what_postgres_cannot_hold_is_invalid() -> None:
    with pytest.raises(Invalid, match="NUL"), transaction() as session:
        heartbeat.beat(session, "a\0b")


def test_a_connection_that_is_killed_is_unavailable_and_the_next_one_works() -> None:
    with pytest.raises(Unavailable), transaction() as session:
        session.execute(text("select pg_terminate_backend(pg_backend_pid())"))
    with transaction() as session:
        assert session.execute(text("select 1")).scalar() == 1


def kill_all_others() -> None:
    with transaction() as session:
        others = "select count(pg_terminate_backend(pid)) from pg_stat_activity"
        where = (
            "where pid <> pg_backend_pid() and application_name = 'attune' and datname = "
            "current_database()"
        )
        session.execute(text(f"{others} {where}"))


def use_several_connections() -> None:
    with transaction() as one, transaction() as two:
        one.execute(text("select 1"))
        two.execute(text("select 1"))


def test_connections_that_were_killed_while_they_rested_are_not_given_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engines, "RESTED_LONG_S", 0.0)
    use_several_connections()
    kill_all_others()
    for _ in range(5):
        use_several_connections()


def test_of_those_that_worked_a_moment_ago_one_call_at_most_is_lost() -> None:
    use_several_connections()
    kill_all_others()
    lost = 0
    for _ in range(5):
        try:
            use_several_connections()
        except Unavailable:
            lost += 1
    assert lost <= 1


def test_a_pool_that_is_exhausted_is_unavailable(
    engines_before: engines.Engines, monkeypatch: pytest.MonkeyPatch, database: Postgres
) -> None:
    assert engines.POOL_TIMEOUT_S == 4
    monkeypatch.setattr(engines, "POOL_TIMEOUT_S", 0.05)
    small = engines.create(database.addresses().core, pool_size=1, overflow=0)
    engines.use(engines.Engines(small, engines_before.ai))
    with transaction() as first:
        first.execute(text("select 1"))
        with pytest.raises(Unavailable), transaction() as second:
            second.execute(text("select 1"))
    with transaction() as session:
        assert session.execute(text("select 1")).scalar() == 1


def test_a_server_that_is_not_there_is_unavailable(engines_before: engines.Engines) -> None:
    nowhere = engines.create(
        engines.parse_address("postgresql://nobody@127.0.0.1:9/nothing"), pool_size=1, overflow=0
    )
    engines.use(engines.Engines(nowhere, engines_before.ai))
    with pytest.raises(Unavailable), transaction() as session:
        session.execute(text("select 1"))


def test_a_row_that_somebody_holds_too_long_is_unavailable() -> None:
    with transaction() as session:
        heartbeat.beat(session, "one")
    with transaction() as holding:
        holding.execute(text("select * from heartbeats for update"))

        def fails() -> None:
            with transaction() as waiting:
                waiting.execute(text("set local lock_timeout = '50ms'"))
                waiting.execute(text("select * from heartbeats for update"))

        with pytest.raises(Unavailable):
            fails()


def test_a_statement_that_takes_too_long_is_unavailable() -> None:
    def fails() -> None:
        with transaction() as session:
            session.execute(text("set local statement_timeout = '50ms'"))
            session.execute(text("select pg_sleep(5)"))

    with pytest.raises(Unavailable):
        fails()


def test_every_connection_has_its_limits_and_speaks_utc() -> None:
    shown = {}
    with transaction() as session:
        for name in (
            "timezone",
            "statement_timeout",
            "idle_in_transaction_session_timeout",
            "lock_timeout",
        ):
            shown[name] = session.execute(text(f"show {name}")).scalar()
    assert shown == {
        "timezone": "UTC",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "1min",
        "lock_timeout": "10s",
    }


def test_what_a_statement_was_to_store_is_not_in_its_error() -> None:
    with pytest.raises(Invalid) as refused, transaction() as session:
        heartbeat.beat(session, "a secret\0")
    assert "a secret" not in str(refused.value.__cause__)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        *(
            (address, "must look like postgresql://")
            for address in ("", "x", "postgresql//nobody@host/x", "postgresql://localhost:port/x")
        ),
        *((address, "Postgres only") for address in ("mysql://a@b/c", "http://example.com")),
    ],
)
def test_an_address_that_is_none_is_refused_at_start(address: str, words: str) -> None:
    with pytest.raises(StartRefused, match=words):
        engines.parse_address(address)


def test_a_hint_is_heard_after_the_commit_only(listening: bus.Bus) -> None:
    heard: list[bus.Hint] = []
    unsubscribe = bus.subscribe("a topic", heard.append)

    def fails() -> None:
        with transaction() as session:
            bus.publish(session, "a topic", number=1)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()
    with transaction() as session:
        bus.publish(session, "a topic", number=2)
    until(lambda: bool(heard), 10)
    unsubscribe()
    assert heard == [{"number": 2}]
