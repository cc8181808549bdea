"""Recompute days after a change of the reporting time zone: rollups from half hours, users from raw rows.

User days of which raw rows are gone stay as they were, and so do daily metrics older than the daily job writes again.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.activity import rollups as event_rollups
from core.ai_metrics import rollups as request_rollups
from core.database import settings
from core.database.db import transaction
from core.database.rollups import Fold
from core.database.settings import Sealed
from core.database.staging import driver
from core.platform import clock

TASK = "system.rebuild_days"
FOLDS = (event_rollups.EVENTS, request_rollups.REQUESTS, request_rollups.TOOLS)
SOURCES = ("user_activity_events", "ai_request_metrics")
SEEN = (
    *(f"select created_at, environment, app, user_id, import_id from {parent}" for parent in SOURCES),  # noqa: S608  our own names
    "select m.created_at, environment, app, user_id, m.import_id from conversations as c join messages as m "
    "on conversation_id = c.id",
    "select created_at, environment, app, user_id, import_id from conversations",
)
# A day belongs to an import only as long as nobody else has seen the user.
USER_DAYS = f"""
insert into user_days (day, environment, app, user_id, import_id)
select (created_at at time zone %(zone)s)::date, environment, app, user_id,
    case when bool_and(import_id is not null) then (array_agg(import_id order by import_id))[1] end
from ({" union all ".join(SEEN)}) as seen where created_at >= %(since)s and created_at < %(until)s and user_id is not null
group by 1, 2, 3, 4 order by 1, 2, 3, 4 on conflict do nothing"""  # noqa: S608  our own
AGAIN_AFTER = timedelta(seconds=15)  # by then no process remembers the zone that was


def rebuild_days(zone: str) -> None:
    """Make all days those of a zone, in a transaction for each table of rollups and for each day of users.

    It may be cut short and begun again at any point; a zone that is no longer the workspace's is left alone.
    """
    for fold in FOLDS:
        with transaction() as session:
            if not _is_still(session, zone):
                return
            _rebuild(session, fold, zone)
    with transaction() as session:
        days = _days_with_raw_rows(session, zone)
    for day in days:
        with transaction() as session:
            if not _is_still(session, zone):
                return
            _rebuild_users(session, day, zone)


def _is_still(session: Session, zone: str) -> bool:
    session.execute(text("select set_config('statement_timeout', '10min', true)"))
    return settings.read(session, settings.Workspace).reporting_time_zone == zone


def _rebuild(session: Session, fold: Fold, zone: str) -> None:
    """Make the days of one kind of rollups anew, while nothing is folded into them."""
    session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": fold.lock})
    keys = ", ".join((*fold.keys, *fold.starred))
    values = ", ".join((*fold.sums, *fold.histograms))
    summed = ", ".join([*(f"sum({name})" for name in fold.sums), *(f"histogram_sum({name})" for name in fold.histograms)])
    session.execute(text(f"delete from {fold.rollups} where grain = 'day'"))  # noqa: S608  names of our own
    session.execute(
        text(f"""
insert into {fold.rollups} (grain, at, {keys}, {values})
select 'day', date_trunc('day', at, :zone) as day, {keys}, {summed} from {fold.rollups} where grain = 'half_hour'
group by day, {keys} order by day, {keys}"""),  # noqa: S608
        {"zone": zone},
    )


def _days_with_raw_rows(session: Session, zone: str) -> list[date]:
    """Return the days from the first of which all raw rows are there, or which none is before, to tomorrow."""
    sealed = settings.read(session, Sealed)
    ends = [until for parent in SOURCES if (until := sealed.until(parent)) is not None]
    first = first_whole_day(session, max(ends, default=None), zone)
    if first is None:
        earliest = "select least((select min(created_at) from {}), (select min(created_at) from {}))".format(*SOURCES)  # noqa: S608
        found = session.scalar(text(earliest))
        first = None if found is None else found.date() - timedelta(days=1)
    last = clock.now().date() + timedelta(days=3)
    return [] if first is None else [first + timedelta(days=number) for number in range((last - first).days)]


def first_whole_day(session: Session, sealed: datetime | None, zone: str) -> date | None:
    """Return the first day of a zone that begins at or after a moment."""
    begins = "select cast(date_trunc('day', cast(:sealed as timestamptz) - interval '1 us', :zone) at time zone :zone as date)"
    found = session.scalar(text(begins), {"sealed": sealed, "zone": zone})
    return None if found is None else found + timedelta(days=1)


def _rebuild_users(session: Session, day: date, zone: str) -> None:
    """Note anew who was there on a day. Whoever stores rows waits: else what he has noted and not committed would be lost."""
    session.execute(text("lock table user_days in share row exclusive mode"))
    bounds = "select cast(:day as timestamp) at time zone :zone, cast(:next as timestamp) at time zone :zone"
    since, until = session.execute(text(bounds), {"day": day, "next": day + timedelta(days=1), "zone": zone}).one()
    session.execute(text("delete from user_days where day = :day"), {"day": day})
    driver(session).execute(USER_DAYS.encode(), {"zone": zone, "since": since, "until": until})
