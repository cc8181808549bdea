"""Fold deltas into event rollups and the counts of users by day and week."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.activity.models.events import EventDelta, EventRollup
from core.database.locks import Lock
from core.database.rollups import AT_ONCE, Fold
from core.database.sql_files import statement
from core.database.tables import table_of

EVENTS = Fold(
    lock=Lock.EVENT_ROLLUPS,
    deltas=table_of(EventDelta),
    rollups=table_of(EventRollup),
    keys=("environment", "app", "event_type", "release"),
    sums=("events", "errors"),
)
# Each with the statement that deletes what it leaves empty
USERS = (
    (
        statement(__package__, "fold_user_days"),
        text("delete from user_day_counts where users = 0"),
    ),
    (
        statement(__package__, "fold_user_weeks"),
        text("delete from user_week_counts where users = 0"),
    ),
)


def fold(session: Session, *, zone: str) -> int:
    """Fold some deltas into the rollups; return how many: where fewer than AT_ONCE, all of them."""
    return EVENTS.fold(session, zone=zone) + _fold_users(session)


def _fold_users(session: Session) -> int:
    if not session.scalar(
        text("select pg_try_advisory_xact_lock(:lock)"), {"lock": Lock.USER_DAY_COUNTS}
    ):
        return 0
    total = 0
    for fold_counts, forget_empty in USERS:
        taken, empty = session.execute(fold_counts, {"at_once": AT_ONCE}).one()
        if empty:
            session.execute(forget_empty)
        total += int(taken)
    return total
