"""Store events and everything derived from them, in one transaction; of programs' events the
costliest part is left to the worker.

The order of arrival changes nothing, and what is sent twice counts once: docs/decisions/0009 says
how, and why in these steps.
"""

from functools import cache, lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Select,
    cast,
    column,
    func,
    select,
    table,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, distinct_on, insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from core.activity.ingest import event_apps
from core.activity.ingest.event_codes import event_types
from core.activity.ingest.funnel import statements, subjects
from core.activity.ingest.funnel.parts import changed_parts
from core.activity.ingest.releases import noted_releases
from core.activity.ingest.seen_users import SEEN_USERS, note_users, set_aside, user_days
from core.activity.models.events import Event
from core.activity.queries.funnels.funnel import FunnelRule
from core.activity.queries.funnels.workspace_funnel import hold_workspace_funnel
from core.activity.schemas import NewEvent
from core.database.rollups import add_sums, half_hour_of
from core.database.sql_files import compiled
from core.database.staging import Connection, Stage, driver
from core.database.tables import table_of
from core.ingest.rows import RowSource, all_new, as_jsonb, keys_of, staged_key
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

# The names of users are stored with users alone
COLUMNS = tuple(name for name in EVENTS.columns if name != "user_name")
raw, staged = table_of(Event), EVENTS.table
SHOWN = (
    *(raw.c[name] for name in ("created_at", "user_id", "session_id", "event_type")),
    raw.c.error_code.is_not(None).label("is_error"),
    *(raw.c[name] for name in ("environment", "app", "release")),
)


def rollup_sums(fresh: FromClause) -> Select[Any]:
    """Return the statement that adds fresh events to the rollup deltas."""
    keys = (
        half_hour_of(fresh.c.created_at).label("at"),
        fresh.c.environment,
        fresh.c.app,
        fresh.c.event_type,
        fresh.c.release,
    )
    counts = (func.count().label("events"), func.count().filter(fresh.c.is_error).label("errors"))
    return select(*keys, *counts).group_by("at", *keys[1:])


def insert_staged(*shown: ColumnElement[Any], all_new: bool = False) -> ReturningInsert[Any]:
    """Return the statement that stores the staged events, and returns columns of the new ones."""
    returned = shown or SHOWN
    # In order of time: rows of one partition after another. Of rows none of which is known, none
    # need be looked for.
    taken = [
        cast(staged.c[name], JSONB) if name == "event_data" else staged.c[name] for name in COLUMNS
    ]
    rows = select(*taken).order_by(staged.c.created_at, staged.c.id)
    if all_new:
        return insert(raw).from_select(COLUMNS, rows, include_defaults=False).returning(*returned)
    once = rows.ext(distinct_on(staged.c.created_at, staged.c.id))
    return (
        insert(raw)
        .from_select(COLUMNS, once, include_defaults=False)
        .on_conflict_do_nothing()
        .returning(*returned)
    )


def deriving(rule: FunnelRule, fresh: CTE, *others: CTE, with_days: bool = False) -> Select[Any]:
    """Return the statement that derives parts and subjects, and the days of users if wanted: how
    many events there were, and the subjects to be derived again after them.
    """
    seen, new, kept = changed_parts()
    grown = statements.grow(rule, kept, new).cte("grown")
    # With the subjects: an undo in between forgets apps that have none yet
    apps = event_apps.note_apps(fresh).cte("apps")
    days = [_days_after(fresh, grown)] if with_days else []
    count = select(func.count()).select_from(fresh)
    lost = [statements.lost(kept, is_kind) for is_kind in (func.is_session, func.is_user)]
    found = (each.scalar_subquery() for each in (count, *lost, statements.spread(grown)))
    return select(*found).add_cte(fresh, *others, apps, seen, new, kept, grown, *days)


def _days_after(fresh: CTE, grown: CTE) -> CTE:
    """Return the CTE that records days of users after all subjects: transactions at the same time
    have users in common, and wait for each other from there to the commit.
    """
    # Postgres runs the parts of a statement in no fixed order, but a part after those it reads
    before = select(func.count()).select_from(grown).subquery("before")
    rows = select(*(fresh.c[name] for name in SEEN_USERS)).join_from(fresh, before, true())
    return user_days(rows).cte("days")


@lru_cache(maxsize=16)
def store_statement(rule: FunnelRule, *, with_releases: bool = False) -> bytes:
    """Return the statement that stores the staged events and everything derived from them."""
    fresh = insert_staged(*SHOWN, raw.c.import_id).cte(FRESH)
    seen = [noted_releases(fresh)] if with_releases else []
    return compiled(deriving(rule, fresh, _counting(fresh), *seen, with_days=True))


@cache
def _setting_aside(*, all_new: bool, with_releases: bool) -> bytes:
    """Return the statement that stores the staged events, and sets aside what is derived later."""
    fresh = insert_staged(raw.c.id, *SHOWN, raw.c.import_id, all_new=all_new).cte(FRESH)
    seen = [noted_releases(fresh)] if with_releases else []
    aside = set_aside(staged, None if all_new else fresh).cte("waiting")
    counted = select(func.count()).select_from(fresh)
    return compiled(counted.add_cte(fresh, _counting(fresh), aside, *seen))


def _counting(fresh: CTE) -> CTE:
    """Return the CTE that adds new events to the rollup deltas."""
    return add_sums("event_deltas", rollup_sums(fresh)).cte("deltas")


SUMS = rollup_sums(table(FRESH, *(column(each.name) for each in SHOWN)))

# What a row has under the name of its column.
AS_SENT = ("session_id", "event_type", "error_code", "error_message", "ip_address", "user_agent")


def store(session: Session, events: list[NewEvent], source: RowSource) -> int:
    """Store events and what is derived from them; return how many of them are new.

    Their partitions must be there (core/database/partitions.py).
    """
    if source.defers:
        return _set_aside(session, events, source, all_new=False)
    connection = driver(session)
    rule = hold_workspace_funnel(connection).rule
    _stage(session, events, source)
    with subjects.alone():
        storing = store_statement(rule, with_releases=_has_releases(events))
        answer = connection.execute(storing, source.days).fetchone()
        added, *touched = answer or (0, None, None, None)
        subjects.follow(connection, rule, *(keys or [] for keys in touched))
    note_users(connection, EVENTS, import_id=source.import_id)
    return int(added)


def store_new(session: Session, events: list[NewEvent], source: RowSource) -> int:
    """Store a program's events, each of which is new; raise NotAllNew when one is not, and nothing
    is stored.
    """
    with all_new():
        return _set_aside(session, events, source, all_new=True)


def _set_aside(
    session: Session, events: list[NewEvent], source: RowSource, *, all_new: bool
) -> int:
    connection = driver(session)
    _stage(session, events, source)
    storing = _setting_aside(all_new=all_new, with_releases=_has_releases(events))
    (added,) = connection.execute(storing).fetchone() or (0,)
    return int(added)


def _has_releases(events: list[NewEvent]) -> bool:
    return any(event.release for event in events)


def _stage(session: Session, events: list[NewEvent], source: RowSource) -> None:
    """Copy events, redacted, into the stage, after their types are registered."""
    event_types.register(session, events)
    EVENTS.copy_columns(driver(session), _columns(source.cleaned(events), source))


def derive_parts(connection: Connection) -> None:
    """Add new events to the parts of their sessions and users, without changing subjects."""
    seen, new, kept = changed_parts()
    connection.execute(compiled(select(func.count()).select_from(kept).add_cte(seen, new)))


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
