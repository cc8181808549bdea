"""Undo of the days of users that only an import has seen: gone with the last row that says so,
whatever kind of row that is.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.database import settings, sql_files
from core.database.settings import Workspace

OF_REMOVED = text("""
select array_agg(distinct user_id), (min(created_at) at time zone :zone)::date,
    (max(created_at) at time zone :zone)::date
from (
    select created_at, user_id from fresh_events
    union all select created_at, user_id from fresh_requests
) as removed where user_id is not null""")
DOUBTFUL = text("""
select day, environment, app, user_id from user_days
where import_id = :import_id and user_id = any(:users) and day between :first and :last""")
# A later report of a conversation may have found the day of its beginning noted already. Whose the
# day is turns out when those of the import are forgotten.
NOTE = text("""
insert into user_days (day, environment, app, user_id, import_id)
select distinct (created_at at time zone :zone)::date, place, app, user_id,
    cast(:import_id as uuid)
from conversations cross join lateral places_of(environment, release) as place
where id = any(:ids) and user_id is not null
    order by 1, 2, 3, 4
on conflict do nothing""")


def forget_removed(session: Session, import_id: UUID) -> None:
    """Forget the days of which the raw rows that were removed in this transaction were the last."""
    users, first, last = session.execute(OF_REMOVED, {"zone": _zone(session)}).one()
    if users:
        forget_of(session, import_id, users, first, last)


def forget_of(
    session: Session,
    import_id: UUID,
    users: list[UUID],
    first: date = date.min,
    last: date = date.max,
) -> None:
    """Forget the days of users of which no row is left."""
    given = {"import_id": import_id, "users": users, "first": first, "last": last}
    doubtful = session.execute(DOUBTFUL, given).all()
    if doubtful:
        days, environments, apps, named = map(list, zip(*doubtful, strict=True))
        keys = {"days": days, "environments": environments, "apps": apps, "users": named}
        bounds = {"named": list(set(named)), "first": min(days), "last": max(days)}
        # This and transactions that store rows wait for each other: otherwise a day that was noted
        # and not committed would be lost.
        session.execute(text("lock table user_days in share row exclusive mode"))
        given = {"import_id": import_id, "zone": _zone(session), **keys, **bounds}
        session.execute(sql_files.statement(__package__, "forget_days"), given)


def note_of(session: Session, import_id: UUID, ids: list[UUID]) -> None:
    """Note the days on which conversations began, for forget_of to say whose they are."""
    session.execute(NOTE, {"ids": ids, "import_id": import_id, "zone": _zone(session)})


def _zone(session: Session) -> str:
    return settings.read(session, Workspace).reporting_time_zone
