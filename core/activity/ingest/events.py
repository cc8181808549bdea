"""Store events and everything derived from them, in one transaction.

The order of arrival changes nothing, and what is sent twice counts once: docs/decisions/0009 says
how, and why in these steps.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from psycopg import sql
from sqlalchemy import (
    CTE,
    ColumnClause,
    FromClause,
    Select,
    SelectBase,
    TableClause,
    TextualSelect,
    cast,
    column,
    func,
    select,
    table,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, distinct_on, insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from core.activity.ingest import event_types
from core.activity.ingest.funnel import statements, subjects
from core.activity.ingest.releases import note_releases
from core.activity.models.events import Event
from core.activity.queries.funnels.funnel import FunnelRule
from core.activity.queries.funnels.workspace_funnel import hold_workspace_funnel
from core.activity.schemas import NewEvent
from core.database.import_traces import note_named
from core.database.rollups import add_sums, half_hour_of
from core.database.sql_files import compiled, statement
from core.database.staging import Connection, Stage, driver
from core.database.tables import table_of
from core.ingest.intake import RowSource, all_new, as_jsonb, keys_of, staged_key
from core.platform import clock
from core.platform.ids import new_id

EVENTS = Stage(
    "staged_events",
    {
        "id": "uuid",
        "created_at": "timestamptz",
        "external_id": "text",
        "user_id": "uuid",
        "user_name": "text",
        "session_id": "text",
        "event_type": "text",
        "event_category": "text",
        "event_data": "text",
        "error_code": "text",
        "error_message": "text",
        "ip_address": "text",
        "user_agent": "text",
        "environment": "text",
        "app": "text",
        "release": "text",
        "import_id": "uuid",
    },
)
FRESH = "fresh_events"  # what was stored of a batch, as statements name it

COLUMNS = tuple(name for name in EVENTS.columns if name != "user_name")
raw, staged = table_of(Event), EVENTS.table
SHOWN = (
    *(raw.c[name] for name in ("created_at", "user_id", "session_id", "event_type")),
    raw.c.error_code.is_not(None).label("is_error"),
    *(raw.c[name] for name in ("environment", "app")),
)
USER_DAYS = statement(__package__, "note_user_days").columns()
NOTE_USERS = statement(__package__, "note_users").columns()
NAMED_USERS = ("user_id", "user_name", "created_at")
SEEN_USERS = ("created_at", "environment", "app", "user_id")


def fresh_rows(name: str = FRESH) -> TableClause:
    """Return a stage's table with derived columns."""
    return table(name, *(column(each.name) for each in SHOWN))


def rollup_sums(fresh: FromClause) -> Select[Any]:
    """Return the statement that adds fresh events to the rollup deltas."""
    keys = (
        half_hour_of(fresh.c.created_at).label("at"),
        fresh.c.environment,
        fresh.c.app,
        fresh.c.event_type,
    )
    counts = (func.count().label("events"), func.count().filter(fresh.c.is_error).label("errors"))
    return select(*keys, *counts).group_by("at", *keys[1:])


def user_days(seen: SelectBase) -> TextualSelect:
    """Return the statement that records user days of rows with SEEN_USERS."""
    return USER_DAYS.add_cte(seen.cte("seen_users"))


def insert_staged(*, all_new: bool) -> ReturningInsert[Any]:
    """Return the statement that stores the staged events."""
    # In order of time: rows of one partition after another. Of rows none of which is known, none
    # need be looked for.
    taken = [
        cast(staged.c[name], JSONB) if name == "event_data" else staged.c[name] for name in COLUMNS
    ]
    rows = select(*taken).order_by(staged.c.created_at, staged.c.id)
    if all_new:
        return insert(raw).from_select(COLUMNS, rows, include_defaults=False).returning(*SHOWN)
    once = rows.ext(distinct_on(staged.c.created_at, staged.c.id))
    return (
        insert(raw)
        .from_select(COLUMNS, once, include_defaults=False)
        .on_conflict_do_nothing()
        .returning(*SHOWN)
    )


def _parts() -> tuple[CTE, CTE, CTE]:
    """Return the CTEs of marks in new events, of new marks by part, and of the changed parts."""
    seen = statement(__package__, "seen_marks").columns().cte("seen")
    new = statement(__package__, "new_parts").columns(
        *map(column, ("environment", "app", "part", "linked_at", "linked_to", "marks"))
    )
    kept = statement(__package__, "keep_parts").columns(
        *map(column, ("environment", "app", "part", "owner", "former_owner", "marks", "is_cut"))
    )
    return seen, new.cte("parts"), kept.cte("kept")


def _grown(rule: FunnelRule) -> tuple[CTE, CTE, CTE, CTE]:
    """Return the CTEs of _parts(), and the one of the subjects that have grown."""
    seen, new, kept = _parts()
    return seen, new, kept, statements.grow(rule, kept, new).cte("grown")


def _touched(fresh: CTE, kept: CTE, grown: CTE) -> Select[Any]:
    """Return how many events there were, and the subjects to be derived again after them."""
    count = select(func.count()).select_from(fresh)
    lost = [statements.lost(kept, is_kind) for is_kind in (func.is_session, func.is_user)]
    return select(*(each.scalar_subquery() for each in (count, *lost, statements.spread(grown))))


def marking(rule: FunnelRule, fresh: CTE) -> Select[Any]:
    """Return the statement that gives stored events their marks."""
    seen, new, kept, grown = _grown(rule)
    return _touched(fresh, kept, grown).add_cte(fresh, seen, new, kept, grown)


@lru_cache(maxsize=16)
def store_statement(rule: FunnelRule, *, all_new: bool) -> bytes:
    """Return the statement that stores the staged events and everything derived from them."""
    fresh = insert_staged(all_new=all_new).cte(FRESH)
    seen, new, kept, grown = _grown(rule)
    # The days of users come last, after all subjects: batches at the same time have users in
    # common, and wait for each other from there to the commit.
    before = select(func.count()).select_from(grown).subquery("before")
    days = user_days(
        select(*(fresh.c[name] for name in SEEN_USERS)).join_from(fresh, before, true())
    )
    return compiled(
        _touched(fresh, kept, grown).add_cte(
            fresh,
            add_sums("event_deltas", rollup_sums(fresh)).cte("deltas"),
            seen,
            new,
            kept,
            statements.note_apps(fresh).cte("apps"),
            grown,
            days.cte("days"),
        )
    )


SUMS = rollup_sums(fresh_rows())

# What a row has under the name of its column.
AS_SENT = ("session_id", "event_type", "error_code", "error_message", "ip_address", "user_agent")


def store(session: Session, events: list[NewEvent], source: RowSource) -> int:
    """Store events and what is derived from them; return how many of them are new.

    Their partitions must be there (core/database/partitions.py).
    """
    return _store(session, events, source, all_new=False)


def store_new(session: Session, events: list[NewEvent], source: RowSource) -> int:
    """Store events each of which is new; raise NotAllNew when one is not, and nothing is stored."""
    with all_new():
        return _store(session, events, source, all_new=True)


def _store(session: Session, events: list[NewEvent], source: RowSource, *, all_new: bool) -> int:
    events = source.cleaned(events)
    connection = driver(session)
    rule = hold_workspace_funnel(connection).rule
    event_types.register(session, events)
    EVENTS.copy_columns(connection, _columns(events, source))
    store = store_statement(rule, all_new=all_new)
    with subjects.alone():
        added, *touched = connection.execute(store, source.days).fetchone() or (0, None, None, None)
        subjects.follow(connection, rule, *(keys or [] for keys in touched))
    if any(event.release for event in events):
        note_releases(connection, EVENTS)
    note_users(connection, EVENTS, import_id=source.import_id)
    return int(added)


def note_users(
    connection: Connection, named: Stage, others: Stage | None = None, *, import_id: UUID | None
) -> None:
    """Make and update the users that `named` and `others` name, in one order.

    To be called last: batches at the same time have users in common, and wait for each other from
    here to the commit.
    """
    stages = tuple(stage.name for stage in (named, others) if stage is not None)
    note_named(connection, import_id, sql.SQL(_named_users(stages)))
    connection.execute(_note_users(stages))


def note_days(connection: Connection, stages: Sequence[Stage], source: RowSource) -> None:
    """Record the days on which users were active; sorted, and last, as with note_users."""
    connection.execute(_note_days(tuple(stage.name for stage in stages)), source.days)


def derive_parts(connection: Connection) -> None:
    """Add new events to the parts of their sessions and users, without changing subjects."""
    seen, new, kept = _parts()
    connection.execute(compiled(select(func.count()).select_from(kept).add_cte(seen, new)))


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


def rows_of(stages: Sequence[str], names: Sequence[str]) -> Select[Any]:
    """Return columns of all rows of these tables."""
    columns: list[ColumnClause[Any]] = [column(name) for name in names]
    return select(
        union_all(*(select(*columns).select_from(table(stage)) for stage in stages)).subquery(
            "named"
        )
    )


def _columns(events: list[NewEvent], source: RowSource) -> dict[str, list[Any]]:
    """Return the staging columns; fields that no event has are null constants."""
    now = clock.now()
    return {
        "id": [
            staged_key("event", each.id) if each.id is not None else new_id() for each in events
        ],
        "created_at": [each.created_at or now for each in events],
        "external_id": [each.id for each in events],
        "user_id": keys_of("user", names := [each.user_id for each in events]),
        "user_name": names,
        "event_category": [
            each.event_category or each.event_type.partition(".")[0] for each in events
        ],
        "event_data": [_data(each) for each in events],
        "environment": [each.environment or source.environment for each in events],
        "app": [each.app or "" for each in events],
        "release": [each.release or "" for each in events],
        "import_id": [source.import_id] * len(events),
        **{name: list(map(attrgetter(name), events)) for name in AS_SENT},
    }


def _data(event: NewEvent) -> str | None:
    return as_jsonb(
        {**(event.event_data or {}), **event.extra} if event.extra else event.event_data
    )
