"""Note users, and the days on which they were active."""

from collections.abc import Sequence
from functools import cache
from uuid import UUID

from psycopg import sql
from sqlalchemy import SelectBase, TextualSelect

from core.database.import_traces import note_named
from core.database.sql_files import compiled, statement
from core.database.staging import Connection, Stage, rows_of
from core.ingest.intake import RowSource

USER_DAYS = statement(__package__, "note_user_days").columns()
NOTE_USERS = statement(__package__, "note_users").columns()
NAMED_USERS = ("user_id", "user_name", "created_at")
SEEN_USERS = ("created_at", "environment", "app", "release", "user_id")


def user_days(seen: SelectBase) -> TextualSelect:
    """Return the statement that records user days of rows with SEEN_USERS."""
    return USER_DAYS.add_cte(seen.cte("seen_users"))


def note_users(
    connection: Connection, named: Stage, others: Stage | None = None, *, import_id: UUID | None
) -> None:
    """Make and update the users that `named` and `others` name, in one order.

    To be called last: transactions at the same time have users in common, and wait for each other
    from here to the commit.
    """
    stages = tuple(stage.name for stage in (named, others) if stage is not None)
    note_named(connection, import_id, sql.SQL(_named_users(stages)))
    connection.execute(_note_users(stages))


def note_days(connection: Connection, stages: Sequence[Stage], source: RowSource) -> None:
    """Record the days on which users were active; sorted, and last, as with note_users."""
    connection.execute(_note_days(tuple(stage.name for stage in stages)), source.days)


@cache
def _named_users(stages: tuple[str, ...]) -> str:
    return f"({compiled(rows_of(stages, NAMED_USERS)).decode()}) as seen"


@cache
def _note_users(stages: tuple[str, ...]) -> bytes:
    rows = rows_of(stages, NAMED_USERS).cte("named_users")
    return compiled(NOTE_USERS.add_cte(rows))


@cache
def _note_days(stages: tuple[str, ...]) -> bytes:
    return compiled(user_days(rows_of(stages, SEEN_USERS)))
