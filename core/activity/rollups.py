"""Fold what batches have added into event rollups and daily user counts."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.database.locks import Lock
from core.database.rollups import AT_ONCE, Fold

EVENTS = Fold(
    lock=Lock.EVENT_ROLLUPS,
    deltas="event_deltas",
    rollups="event_rollups",
    keys=("environment", "app", "event_type"),
    sums=("events", "errors"),
)
# Sorted, so that two that write the same rows would wait for each other and not lock up.
USER_DAYS = text("""
with taken as (
    delete from user_day_count_deltas
    where id in (select id from user_day_count_deltas order by id limit :at_once for update skip locked)
    returning *
),
folded as (
    insert into user_day_counts as present (environment, app, day, previous_day, users)
    select environment, app, day, previous_day, sum(users) as users from taken
    group by 1, 2, 3, 4 having sum(users) <> 0 order by 1, 2, 3, 4
    on conflict (environment, app, day, previous_day) do update set users = present.users + excluded.users
    returning *
)
select (select count(*) from taken) as taken, (select count(*) from folded where users = 0) as empty""")
EMPTY_DAYS = text("delete from user_day_counts where users = 0")


def fold(session: Session, *, zone: str) -> int:
    """Fold some of what waits into the rollups; return how many rows changed, 0 when nothing waited."""
    return EVENTS.fold(session, zone=zone) + _fold_user_days(session)


def _fold_user_days(session: Session) -> int:
    if not session.scalar(text("select pg_try_advisory_xact_lock(:lock)"), {"lock": Lock.USER_DAY_COUNTS}):
        return 0
    taken, empty = session.execute(USER_DAYS, {"at_once": AT_ONCE}).one()
    if empty:
        session.execute(EMPTY_DAYS)
    return int(taken)
