"""Recompute days after a change of the reporting time zone: rollups from half hours, user days from
raw rows.

User days without raw rows stay as they were, and so do daily metrics older than those that the
daily job rewrites.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.activity.ingest import rollups as event_rollups
from core.ai_metrics.ingest import rollups as request_rollups
from core.database import settings
from core.database.db import transaction
from core.database.settings import Sealed
from core.database.sql_files import statement
from core.platform import clock
from core.presentation.periods import DAY, midnight

TASK = "system.rebuild_days"
FOLDS = (event_rollups.EVENTS, *request_rollups.FOLDS)
SOURCES = ("user_activity_events", "ai_request_metrics", "conversations")  # of days of users
DAYS_SEEN = statement(__package__, "user_days_of_day")
# What stays is left alone: for each user whose days change, triggers count all days again
REMOVE_OTHERS = text("""
delete from user_days where day = :day and not exists (
    select from days_seen as seen
    where (seen.day, seen.environment, seen.app, seen.user_id)
            = (user_days.day, user_days.environment, user_days.app, user_days.user_id)
        and seen.import_id is not distinct from user_days.import_id)""")
ADD_MISSING = text("""
insert into user_days (day, environment, app, user_id, import_id)
select day, environment, app, user_id, import_id from days_seen order by 1, 2, 3, 4
on conflict do nothing""")
EARLIEST = text("""
select least((select min(created_at) from user_activity_events), (select min(created_at)
    from ai_request_metrics), (select min(created_at) from conversations))""")
AGAIN_AFTER = timedelta(seconds=15)  # by then no process has cached the previous zone


def rebuild_days(zone: str) -> None:
    """Recompute all days for a zone, in a transaction per rollup table and per day of users.

    It can be interrupted and repeated at any time; a zone that is no longer the workspace's is
    ignored.
    """
    for fold in FOLDS:
        with transaction() as session:
            if not _is_still(session, zone):
                return
            fold.rebuild_days(session, zone=zone)
    with transaction() as session:
        days = _days_with_raw_rows(session, zone)
    for day in days:
        with transaction() as session:
            if not _is_still(session, zone):
                return
            _rebuild_users(session, day, zone)


def _is_still(session: Session, zone: str) -> bool:
    # What follows reads whole tables, far longer than a statement of a request may take.
    session.execute(text("select set_config('statement_timeout', '10min', true)"))
    return settings.read(session, settings.Workspace).reporting_time_zone == zone


def _days_with_raw_rows(session: Session, zone: str) -> list[date]:
    """Return the days with complete raw rows, up to tomorrow."""
    sealed = settings.read(session, Sealed)
    ends = [until for parent in SOURCES if (until := sealed.until(parent)) is not None]
    first = first_whole_day(session, max(ends, default=None), zone)
    if first is None:
        found = session.scalar(EARLIEST)
        # In a zone behind UTC, the first row may be of the day before.
        first = None if found is None else found.date() - timedelta(days=1)
    # Tomorrow, in a zone that is a day ahead of UTC; the end is excluded
    last = clock.now().date() + timedelta(days=3)
    return (
        []
        if first is None
        else [first + timedelta(days=number) for number in range((last - first).days)]
    )


def first_whole_day(session: Session, sealed: datetime | None, zone: str) -> date | None:
    """Return the first day of a zone that begins at or after a time."""
    # A microsecond earlier, so that a time at midnight itself begins its day.
    begins = (
        "select cast(date_trunc('day', cast(:sealed as timestamptz) - interval '1 us', :zone) at "
        "time zone :zone as date)"
    )
    found = session.scalar(text(begins), {"sealed": sealed, "zone": zone})
    return None if found is None else found + timedelta(days=1)


def _rebuild_users(session: Session, day: date, zone: str) -> None:
    """Recompute which users were active on a day.

    Writers wait, because their uncommitted days would be lost.
    """
    session.execute(text("lock table user_days in share row exclusive mode"))
    since, until = midnight(day, zone), midnight(day + DAY, zone)
    session.execute(DAYS_SEEN, {"zone": zone, "since": since, "until": until})
    session.execute(REMOVE_OTHERS, {"day": day})
    session.execute(ADD_MISSING)
