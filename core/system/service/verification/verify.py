"""Compute derived data again from raw rows, and list every difference.

The product's own statements write into temporary tables that shadow the real ones: what batches
have added incrementally must equal the result for all rows. All rows are read as of one time,
without blocking others; the transaction is read-only, so that only temporary tables can be written.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    DateTime,
    FromClause,
    Select,
    Table,
    case,
    delete,
    func,
    insert,
    literal,
    literal_column,
    not_,
    select,
    text,
    tuple_,
    union,
    union_all,
)
from sqlalchemy.orm import Session

from core.activity.ingest import pending_events
from core.activity.ingest import rollups as event_rollups
from core.activity.ingest.funnel import subjects
from core.activity.models.events import EventApp, PendingEvent
from core.activity.models.funnels import FunnelPart, Subject
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.activity.queries.releases import places_of_earlier_releases
from core.activity.schemas import ALL_APPS
from core.ai_metrics.ingest import rollups as request_rollups
from core.database import settings
from core.database.db import dedicated_session
from core.database.rollups import Fold, Grain
from core.database.settings import Sealed
from core.database.staging import driver
from core.database.tables import table_of
from core.scores import service as score_service
from core.system.service.verification import recompute, scores, users
from core.system.service.verification.compare import (
    COMPUTED,
    STORED,
    CheckedTable,
    columns_of,
    compare,
    select_from,
    summed,
    table_in,
)

EVENTS, REQUESTS = "user_activity_events", "ai_request_metrics"
FOLDS = (
    (event_rollups.EVENTS, EVENTS),
    *((fold, REQUESTS) for fold in request_rollups.FOLDS),
)
waiting = table_of(PendingEvent).c
NEVER = literal_column("'-infinity'::timestamptz", DateTime(timezone=True))


def verify() -> list[CheckedTable]:
    """Compute everything again and compare each table; minutes for millions of rows.

    Days and parts of those of whom something is pending are left out.
    """
    pending_events.derive_all()
    score_service.note_requests()
    with dedicated_session() as session:
        # Both sides are of one moment, though rows arrive all the while
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        # Each statement reads a whole table, far longer than one of a request may take
        session.execute(text("select set_config('statement_timeout', '0', true)"))
        zone = settings.read(session, settings.Workspace).reporting_time_zone
        sealed = settings.read(session, Sealed)
        recompute.shadow_tables(driver(session))
        recompute.replay(session, zone)
        found = [
            check
            for fold, parent in FOLDS
            for check in _folds(session, fold, _complete_since(session, fold, parent), zone)
        ]
        found.append(users.check_days(session, sealed, zone))
        found.append(users.check_spans(session))
        found += [users.check_day_counts(session), users.check_week_counts(session)]
        found.append(_parts(session, sealed.until(EVENTS)))
        found += _subjects(session)
        found.append(scores.check_scores(session, sealed))
    return found


def _complete_since(session: Session, fold: Fold, parent: str) -> datetime | None:
    """Return from when on rollups and raw rows are both complete; None for the first."""
    ends = [settings.read(session, Sealed).until(parent)]
    if fold in (request_rollups.REQUESTS, request_rollups.DIMENSIONS):
        ends.append(settings.read(session, settings.DimensionRollups).since)
    if fold is request_rollups.TOOL_DIMENSIONS:
        ends.append(settings.read(session, settings.ToolDimensionRollups).since)
    return max((each for each in ends if each is not None), default=None)


def _folds(
    session: Session, fold: Fold, sealed: datetime | None, zone: str
) -> Iterator[CheckedTable]:
    """Check half hours against raw rows, days against half hours, `*` against its parts."""
    keys = ("at", *fold.keys, *fold.starred)
    names, rollups = (*keys, *fold.sums, *fold.histograms), table_in(STORED, fold.rollups)
    is_half_hour, is_day = rollups.c.grain == Grain.HALF_HOUR, rollups.c.grain == Grain.DAY

    def rows(table: Table, *where: ColumnElement[bool]) -> Select[Any]:
        columns = dict(table.c) | ({} if table is rollups else _placed(fold, table))
        return select(*(columns[name].label(name) for name in names)).where(*where)

    def kept(stored: FromClause) -> Select[Any]:
        return select(stored).where(*([stored.c.at >= sealed] if sealed is not None else []))

    folded = rows(rollups, is_half_hour, *(rollups.c[name] != "*" for name in fold.starred[:1]))
    stored = union_all(folded, rows(table_in(STORED, fold.deltas))).subquery("all_of_them")
    computed = rows(table_in(COMPUTED, fold.deltas)).subquery("all_of_them")
    title = fold.rollups.name
    yield compare(
        session,
        f"{title} (half hours)",
        keys,
        summed(fold, kept(stored), keys),
        summed(fold, kept(computed), keys),
    )
    day = func.date_trunc("day", rollups.c.at, zone).label("at")
    shifted = select(day, *(rollups.c[name] for name in names[1:])).where(is_half_hour)
    yield compare(
        session,
        f"{title} (days)",
        keys,
        summed(fold, rows(rollups, is_day), keys),
        summed(fold, shifted, keys),
    )
    if fold.starred:
        whole, place = ("grain", "at", *fold.keys), rollups.c[fold.starred[0]]
        star, rest = (
            summed(fold, select(rollups).where(where), whole)
            for where in (place == "*", place != "*")
        )
        yield compare(session, f"{title} (*)", whole, star, rest)


def _placed(fold: Fold, table: Table) -> dict[str, ColumnElement[Any]]:
    """Return the value that deltas of a dimension are folded under."""
    if fold not in request_rollups.WITH_VALUES:
        return {}
    has_own = request_rollups.has_own_rollups(table)
    return {"value": case((has_own, table.c.value), else_=request_rollups.OTHERS)}


def _parts(session: Session, sealed: datetime | None) -> CheckedTable:
    """Check the funnel parts whose raw rows are complete."""
    keys, names = columns_of(table_of(FunnelPart), without=("former_owner",))
    stored, computed = (table_in(schema, table_of(FunnelPart)) for schema in (STORED, COMPUTED))

    def is_young(parts: Table) -> ColumnElement[bool]:
        mark = func.unnest(parts.c.marks).column_valued("mark")
        first = select(func.from_micros(func.min(func.mark_micros(mark)))).scalar_subquery()
        since = func.coalesce(literal(sealed, DateTime(timezone=True)), NEVER)
        return func.least(parts.c.linked_at, first) >= since

    older = select(*(stored.c[key] for key in keys)).where(not_(is_young(stored)))
    is_older = tuple_(*(computed.c[key] for key in keys)).in_(older)
    fresh = select_from(computed, names).where(is_young(computed), not_(is_older))
    kept = select_from(stored, names).where(is_young(stored))
    earlier = places_of_earlier_releases(session)
    both = (_settled(rows, earlier) for rows in (kept, fresh))
    return compare(session, "funnel_parts", keys, *both)


def _settled(parts: Select[Any], earlier: Select[str] | None) -> Select[Any]:
    """Return parts of which nothing is pending, without those of earlier releases' places."""
    part = parts.selected_columns
    parts = parts.where(part.part.not_in(_parts_that_wait()))
    return parts.where(part.environment.not_in(earlier)) if earlier is not None else parts


def _parts_that_wait() -> CompoundSelect[Any]:
    """Return the parts of which something is pending as of now."""
    return union(
        select(func.user_subject(waiting.user_id)).where(waiting.user_id.is_not(None)),
        select(func.session_subject(waiting.session_id)).where(waiting.session_id.is_not(None)),
    )


def _subjects(session: Session) -> Iterator[CheckedTable]:
    """Check subjects against their parts, also sealed ones: by app, and over all apps."""
    stored, computed = (table_in(schema, table_of(FunnelPart)) for schema in (STORED, COMPUTED))
    session.execute(delete(computed))
    session.execute(insert(computed).from_select(list(stored.c.keys()), select(stored)))
    connection = driver(session)
    connection.execute(
        "insert into touched_subjects (environment, app, subject) select environment, app, "
        "owner from funnel_parts"
    )
    connection.execute("analyze touched_subjects")
    subjects.derive(connection, read_workspace_funnel(session).rule, are_few=False)
    stored, computed = (table_in(schema, table_of(Subject)) for schema in (STORED, COMPUTED))
    # Whether who is in one of several apps has a row over all of them depends on when the others
    # came.
    keys, names = columns_of(table_of(Subject), without=("is_whole",))
    by_app = (
        select_from(table, names).where(table.c.app != ALL_APPS) for table in (stored, computed)
    )
    yield compare(session, "subjects", keys, *by_app)
    keys, names = columns_of(table_of(Subject), without=("is_whole", "app"))
    whole = (select_from(table, names).where(table.c.is_whole) for table in (stored, computed))
    yield compare(session, "subjects (all apps)", keys, *whole)
    yield _apps(session)


def _apps(session: Session) -> CheckedTable:
    """Check that readers of all apps find each subject; an app may have none any more."""
    apps, row = table_in(STORED, table_of(EventApp)), table_in(STORED, table_of(Subject)).c
    has_app = row.app != ALL_APPS, ~row.of_release
    used = select(row.environment, row.app).where(*has_app).distinct()
    noted = select(apps).where(tuple_(apps.c.environment, apps.c.app).in_(used))
    return compare(session, apps.name, list(apps.c.keys()), noted, used)
