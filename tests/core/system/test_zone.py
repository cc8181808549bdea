"""After a change of the reporting time zone, days are those of the new zone: in rollups, of users,
and for new rows.
"""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from core.activity import jobs as activity
from core.ai_metrics import jobs as ai_metrics
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Role
from core.system import jobs, workspace
from core.system.service import retention
from core.system.service.verification import verify
from tests.factories import conversations
from tests.factories.history import count, days_ago, events, requests, tasks
from tests.factories.identity import person

FAR = "Pacific/Auckland"


def move(zone: str) -> None:
    """Change the zone as an administrator does."""
    with transaction() as session:
        workspace.change(
            session,
            workspace.WorkspaceSettings(reporting_time_zone=zone),
            actor=person(Role.ADMIN).actor,
        )


def a_late_hour(days: float) -> None:
    """Store what happened at six in the evening, folded: in Auckland, that is the next day."""
    at = days_ago(days).replace(hour=18)
    events({"created_at": at, "user_id": "a", "release": "2.0"})
    requests(
        {
            "created_at": at,
            "release": "2.0",
            "user_id": "b",
            "total_latency_ms": 10,
            "tool_calls": [{"name": "t", "duration_ms": 3}],
        }
    )
    activity.fold(0)
    ai_metrics.fold(0)


def user_days() -> list[str]:
    """Return the days on which users were there."""
    with transaction() as session:
        return [
            str(day)
            for day in session.scalars(text("select distinct day from user_days order by 1"))
        ]


def test_days_are_made_anew(database: Postgres) -> None:
    a_late_hour(3)
    move(FAR)
    jobs.rebuild_days(FAR)
    assert user_days() == [str(days_ago(2).date())]
    assert (
        count("event_rollups", "grain = 'day' and at = date_trunc('day', at, 'Pacific/Auckland')")
        == 1
    )
    assert [check.table for check in verify.verify() if check.differences] == []


def test_users_of_the_hour_that_comes_twice_at_midnight_keep_their_day(database: Postgres) -> None:
    # The day began with the second midnight: who was there in the hour before lost the day
    events({"created_at": datetime(2025, 10, 26, 0, 30, tzinfo=UTC), "user_id": "a"})
    move("Atlantic/Azores")
    jobs.rebuild_days("Atlantic/Azores")
    assert user_days() == ["2025-10-26"]


@pytest.mark.parametrize("events_since", [5, 1])
def test_days_on_which_users_only_talked_are_made_anew(
    database: Postgres, events_since: int
) -> None:
    events({"created_at": days_ago(events_since)})
    at = days_ago(3).replace(hour=18).isoformat()
    conversations.stored(
        {
            **conversations.conversation(created_at=at),
            "messages": [conversations.message(0, created_at=at)],
        }
    )
    assert user_days() == [str(days_ago(3).date())]
    assert [check.table for check in verify.verify() if check.differences] == []
    move(FAR)
    jobs.rebuild_days(FAR)
    assert user_days() == [str(days_ago(2).date())]
    assert [check.table for check in verify.verify() if check.differences] == []


def test_there_and_back_leaves_everything_as_it_was(database: Postgres) -> None:
    a_late_hour(3)
    before = user_days()
    for zone in (FAR, "UTC"):
        move(zone)
        jobs.rebuild_days(zone)
    assert user_days() == before
    assert [check.table for check in verify.verify() if check.differences] == []


def test_a_change_defers_it_twice_and_other_changes_do_not(database: Postgres) -> None:
    move(FAR)
    move(FAR)
    assert tasks("system.rebuild_days") == 2


def test_rebuilds_after_a_change_run_one_after_the_other(database: Postgres) -> None:
    move(FAR)
    move("UTC")
    assert tasks("system.rebuild_days") == 4
    assert count("procrastinate_jobs", "lock = 'system.rebuild_days'") == 4


def test_days_of_users_that_are_right_already_are_left_alone(database: Postgres) -> None:
    a_late_hour(3)
    move(FAR)
    jobs.rebuild_days(FAR)
    activity.fold(0)
    assert count("user_day_count_deltas") == 0
    jobs.rebuild_days(FAR)
    assert count("user_day_count_deltas") == 0  # so no user was counted anew


def test_a_zone_that_is_no_longer_meant_changes_nothing(database: Postgres) -> None:
    a_late_hour(3)
    jobs.rebuild_days(FAR)
    assert user_days() == [str(days_ago(3).date())]


@pytest.mark.parametrize("table", ["user_activity_events", "ai_request_metrics"])
def test_user_days_whose_raw_rows_are_gone_stay(database: Postgres, table: str) -> None:
    a_late_hour(31.1)
    a_late_hour(3)
    with transaction() as session:
        session.execute(text(f"update {table} set received_at = created_at"))
    assert retention.apply().rows[table] == 1
    move(FAR)
    jobs.rebuild_days(FAR)
    assert user_days() == [str(days_ago(31.1).date()), str(days_ago(2).date())]
