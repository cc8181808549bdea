"""Expired rows are deleted by the rule of each table; all others stay."""

import threading
import time

import pytest
from sqlalchemy import text

from core.database import partitions, settings
from core.database.connections import engines
from core.database.db import Database, transaction
from core.embedded.postgres import Postgres
from core.errors import Forbidden
from core.identity.schemas import Role
from core.platform.ids import new_id
from core.system.service import retention
from tests.factories.history import (
    at,
    batch_run,
    count,
    days_ago,
    events,
    rated,
    requests,
    scored,
)
from tests.factories.identity import person


def parts(parent: str) -> list[partitions.Partition]:
    """Return the partitions that are there."""
    with engines.current().core.connect() as connection:
        return partitions.list_parts(connection, parent)


def conversation(days: float, *, annotations: int = 0) -> None:
    """Store a conversation with one message, last heard of so many days ago."""
    given = {"id": new_id(), "message": new_id(), "at": days_ago(days), "annotations": annotations}
    columns = (
        "id, external_id, source, environment, app, release, last_message_at, created_at, "
        "received_at, annotation_count"
    )
    with transaction() as session:
        session.execute(
            text(
                f"insert into conversations ({columns}) values (:id, 'x', 'api', '', '', '', "
                ":at, :at, :at, :annotations)"
            ),
            given,
        )
        session.execute(
            text(
                "insert into messages (id, conversation_id, position, sequence, role, content, "
                "created_at) values (:message, :id, 0, 0, 'user', 'x', :at)"
            ),
            given,
        )


def arrived(table: str, days: float) -> None:
    """Let all rows have arrived so many days ago."""
    with transaction() as session:
        session.execute(text(f"update {table} set received_at = :at"), {"at": days_ago(days)})


def test_days_whose_every_row_is_over_go_as_whole_partitions(database: Postgres) -> None:
    events(
        {"created_at": days_ago(31.2)}, {"created_at": days_ago(31.1)}, {"created_at": days_ago(29)}
    )
    requests({"created_at": days_ago(31.1)})
    arrived("user_activity_events", 30.5)
    arrived("ai_request_metrics", 30.5)
    before = len(parts("user_activity_events"))
    done = retention.apply()
    assert (done.rows["user_activity_events"], done.rows["ai_request_metrics"]) == (2, 1)
    assert count("user_activity_events") == 1
    assert len(parts("user_activity_events")) < before
    assert done.busy == []


def test_rows_are_kept_as_long_after_their_arrival(database: Postgres) -> None:
    events({"created_at": days_ago(31.1)}, {"created_at": days_ago(500)})
    assert retention.apply().rows["user_activity_events"] == 0
    assert count("user_activity_events") == 2


def test_of_an_old_year_only_the_rows_that_are_over_go(database: Postgres) -> None:
    events({"created_at": days_ago(500)}, {"created_at": days_ago(501)})
    with transaction() as session:
        session.execute(
            text("update user_activity_events set received_at = :at where created_at < :split"),
            {"at": days_ago(40), "split": days_ago(500.5)},
        )
    assert retention.apply(dry_run=True).rows["user_activity_events"] == 1
    assert retention.apply().rows["user_activity_events"] == 1
    assert count("user_activity_events") == 1


def test_what_was_rolled_up_stays_and_is_sealed(database: Postgres) -> None:
    events({"created_at": days_ago(31.1), "user_id": "a"})
    arrived("user_activity_events", 31)
    retention.apply()
    assert (
        count("user_activity_events"),
        count("event_deltas"),
        count("user_days"),
        count("users"),
    ) == (0, 1, 1, 1)
    with transaction() as session:
        sealed = settings.read(session, settings.Sealed)
    assert sealed.user_activity_events is not None
    assert days_ago(31.1) < sealed.user_activity_events <= days_ago(30)
    assert sealed.ai_request_metrics is None


def test_a_late_row_finds_a_partition_again_after_its_day_was_dropped(database: Postgres) -> None:
    late: dict[str, object] = {"created_at": days_ago(31.1)}
    events(late)
    arrived("user_activity_events", 31)
    retention.apply()
    assert events(late) == 1


def test_a_clock_that_moves_on_takes_everything_that_is_bound_to_time(
    database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    person(Role.ADMIN)
    events({"created_at": days_ago(1)})
    conversation(1)
    rated(1, "thumbs", days_ago(1))
    scored("c", 0.5, days_ago(1))
    at(days_ago(-400), monkeypatch)
    done = retention.apply()
    assert {name: rows for name, rows in done.rows.items() if rows} == {
        "user_activity_events": 1,
        "admin_sessions": 1,
        "conversations": 1,
        "messages": 1,
        "ai_feedback": 1,
        "message_scores": 1,
    }
    assert count("ai_feedback", database=Database.AI) == 0


def test_annotated_conversations_stay(database: Postgres) -> None:
    conversation(366)
    conversation(366, annotations=1)
    conversation(364)
    assert retention.apply().rows["conversations"] == 1
    assert (count("conversations"), count("messages")) == (2, 2)


def test_the_latest_runs_of_each_batch_job_stay_however_old(database: Postgres) -> None:
    with transaction() as session:
        settings.write(session, settings.Retention(batch_runs_kept=2), by=None)
    for days in (100, 90, 80, 1):
        batch_run("often", "completed", days_ago(days))
    batch_run("seldom", "completed", days_ago(300))
    assert retention.apply().rows["batch_run_history"] == 2
    assert count("batch_run_history", "batch_job = 'seldom'") == 1


def test_a_dry_run_counts_what_a_real_one_takes_and_takes_nothing(database: Postgres) -> None:
    events({"created_at": days_ago(31.2)}, {"created_at": days_ago(500)})
    arrived("user_activity_events", 31)
    conversation(400)
    counted = retention.apply(dry_run=True)
    assert (count("user_activity_events"), count("conversations")) == (2, 1)
    done = retention.apply()
    assert counted.rows == done.rows
    assert done.rows["user_activity_events"] == 2


def test_a_partition_in_use_is_left_and_nobody_waits_long_for_it(
    database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    events({"created_at": days_ago(31.1)})
    arrived("user_activity_events", 31)
    monkeypatch.setattr(retention, "TRIES", 2)
    waits = []
    with engines.current().core.connect() as reader:
        # And its transaction stays open
        reader.execute(text("select count(*) from user_activity_events"))
        cleaning = threading.Thread(target=lambda: waits.append(retention.apply()))
        cleaning.start()
        slowest = 0.0
        while cleaning.is_alive():
            begun = time.monotonic()
            count("user_activity_events")
            slowest = max(slowest, time.monotonic() - begun)
        cleaning.join()
    assert waits[0].busy
    assert slowest < 5  # the reader's own limit is ten
    assert retention.apply().busy == []
    assert count("user_activity_events") == 0


def test_two_at_once_are_refused(database: Postgres) -> None:
    with retention._alone(), pytest.raises(retention.CleanupRuns):  # noqa: SLF001  the lock that a running one holds
        retention.apply()


def test_only_admins_clean_up(database: Postgres) -> None:
    with pytest.raises(Forbidden):
        retention.clean_up(actor=person(Role.ANALYST).actor, dry_run=True)
