"""Note users, and the days on which they were active; or set aside what the worker notes them from
(pending_events.py).
"""

from functools import cache
from uuid import UUID

from psycopg import sql
from sqlalchemy import (
    CTE,
    Insert,
    SelectBase,
    TableClause,
    Text,
    TextualSelect,
    and_,
    insert,
    literal_column,
    or_,
    select,
)

from core.activity.models.events import PendingEvent
from core.database.import_traces import note_named
from core.database.sql_files import compiled, statement
from core.database.staging import Connection, Stage, rows_of
from core.database.tables import table_of
from core.ingest.rows import RowSource

USER_DAYS = statement(__package__, "note_user_days").columns()
NOTE_USERS = statement(__package__, "note_users").columns()
NAMED_USERS = ("user_id", "user_name", "created_at")
SEEN_USERS = ("created_at", "environment", "app", "release", "user_id")
# What is known of a row when parts, subjects, users and their days are derived from it
DERIVED_FROM = (
    *("created_at", "user_id", "user_name", "session_id", "event_type"),
    *("environment", "app", "release"),
)
NO_EVENT = literal_column("''", Text)  # the type of what is no event


def user_days(seen: SelectBase) -> TextualSelect:
    """Return the statement that records user days of rows with SEEN_USERS."""
    return USER_DAYS.add_cte(seen.cte("seen_users"))


def set_aside(staged: TableClause, fresh: CTE | None = None) -> Insert:
    """Return the statement that sets staged rows aside, only the `fresh` ones if given.

    The stage has the names of their users.
    """
    known = {
        "event_type": NO_EVENT,
        **{name: staged.c[name] for name in DERIVED_FROM if name in staged.c},
    }
    rows = select(*known.values())
    if fresh is not None:
        # A batch may hold an event twice, under two users: one of the two was stored
        is_own = and_(
            *(fresh.c[key] == staged.c[key] for key in ("id", "created_at")),
            fresh.c.user_id.is_not_distinct_from(staged.c.user_id),
        )
        rows = rows.join_from(staged, fresh, is_own)
    whose = [staged.c[name] for name in ("user_id", "session_id") if name in staged.c]
    is_of_someone = or_(*(name.is_not(None) for name in whose))
    return insert(table_of(PendingEvent)).from_select(
        list(known), rows.where(is_of_someone), include_defaults=False
    )


def note_users(connection: Connection, named: Stage, *, import_id: UUID | None) -> None:
    """Make and update the users that a stage names, in one order.

    To be called last: transactions at the same time have users in common, and wait for each other
    from here to the commit.
    """
    note_named(connection, import_id, sql.Identifier(named.name))
    connection.execute(_note_users(named.name))


def note_days(connection: Connection, seen: Stage, source: RowSource) -> None:
    """Record the days on which users were active; sorted, and last, as with note_users."""
    connection.execute(_note_days(seen.name), source.days)


@cache
def _note_users(stage: str) -> bytes:
    return compiled(NOTE_USERS.add_cte(rows_of([stage], NAMED_USERS).cte("named_users")))


@cache
def _note_days(stage: str) -> bytes:
    return compiled(user_days(rows_of([stage], SEEN_USERS)))
