"""What programs send is stored at once; the worker derives users, their days and their funnels from
it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from core.activity.ingest import pending_events
from core.activity.ingest.funnel import subjects
from core.database.db import transaction
from core.database.sql_files import driver_statement
from core.database.staging import driver
from core.system.queries import health
from core.system.schemas import Condition
from core.system.service.verification import verify
from tests.factories.activity import event, minutes, store

pytestmark = pytest.mark.usefixtures("database")

# As after a vacuum that found no row, and pages that it could not give back
KNOWN_AS_EMPTY = "update pg_class set reltuples = 0, relpages = 50 where relname = 'pending_events'"


def rows(statement: str) -> list[tuple[object, ...]]:
    with transaction() as session:
        return sorted(tuple(row) for row in session.execute(text(statement)))


@contextmanager
def another_worker() -> Iterator[None]:
    """Let another process be the one that derives."""
    with transaction() as session:
        assert session.scalar(pending_events.ALONE)
        yield


def test_what_is_acknowledged_is_stored_and_pending_until_it_is_derived_from() -> None:
    assert store([event("a.b", user_id="ann"), event("a.c", session_id="s")], defers=True) == 2
    assert rows("select event_type from user_activity_events") == [("a.b",), ("a.c",)]
    assert rows("select external_id from users") == []
    assert (pending_events.derive_some(), pending_events.derive_some()) == (2, 0)
    assert rows("select external_id from users") == [("ann",)]
    assert len(rows("select subject from subjects")) == 2
    assert len(rows("select day from user_days")) == 1


def test_an_event_that_is_sent_twice_with_other_users_renames_nobody() -> None:
    store([event("a.b", id="e", user_id="zoe"), event("a.b", id="e", user_id="ann")], defers=True)
    pending_events.derive_all()
    [(name,)] = rows("select external_id from users")
    [(known,)] = rows(
        "select count(*) from users join user_activity_events as e on users.id = e.user_id"
    )
    assert name in ("ann", "zoe")
    assert known == 1


def test_while_another_process_derives_nothing_is_taken() -> None:
    store([event("a.b", user_id="ann")], defers=True)
    with another_worker():
        assert pending_events.derive_some() == 0
    assert pending_events.derive_some() == 1


def test_a_burst_after_the_table_was_empty_is_taken_without_comparing_all_with_all() -> None:
    # Statistics of an empty table made Postgres compare each row with each ID
    store([event("a.b", minutes(number), user_id="ann") for number in range(500)], defers=True)
    with transaction() as session:
        session.execute(text(KNOWN_AS_EMPTY))
        connection = driver(session)
        pending_events.TAKEN.make(connection)
        taking = driver_statement("core.activity.ingest", "take_pending_events")
        plan = connection.execute(b"explain " + taking, {"at_once": 100}).fetchall()
    assert "Nested Loop" not in str(plan)


def test_what_is_pending_is_no_difference_to_the_raw_rows() -> None:
    store([event("a.b", user_id="ann"), event("a.b", session_id="s"), event("a.b", user_id="bea")])
    store([event("a.b", minutes(2000), user_id="ann", session_id="s", app="web")], defers=True)
    with another_worker():
        assert [check for check in verify.verify() if check.differences] == []


def test_an_undo_while_the_first_events_of_an_app_are_pending_hides_none_of_its_users() -> None:
    # An undo deletes apps without subjects, and those of pending events have none yet
    store([event("a.b", user_id="ann", app="web")], defers=True)
    with transaction() as session:
        subjects.settle(driver(session))
    pending_events.derive_all()
    assert rows("select environment, app from event_apps") == [("production", "web")]


def test_health_says_that_users_and_funnels_are_behind() -> None:
    store([event("a.b", user_id="ann")], defers=True)
    with transaction() as session:
        session.execute(text("update pending_events set stored_at = stored_at - interval '42 s'"))
        session.execute(text("insert into heartbeats (name, at) values ('worker', now())"))
    assert "behind" in health().dependencies["worker"].detail
    with transaction() as session:
        session.execute(text("update pending_events set stored_at = stored_at - interval '1 hour'"))
    assert health().dependencies["worker"].condition is Condition.UNHEALTHY
    pending_events.derive_all()
    assert "behind" not in health().dependencies["worker"].detail
