"""Compute derived data again from raw rows, and list every difference.

The product's own statements write into temporary tables that shadow the real ones: what batches
have added incrementally must equal the result for all rows. All rows are read as of one time,
without blocking others; the transaction is read-only, so that only temporary tables can be written.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
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
    or_,
    select,
    text,
    true,
    tuple_,
    union,
    union_all,
)
from sqlalchemy.orm import Session

from core.activity.ingest import rollups as event_rollups
from core.activity.ingest.funnel import subjects
from core.activity.models.funnels import FunnelPart, Subject
from core.activity.models.users import (
    UserDay,
    UserDayCount,
    UserDayCountDelta,
    UserSpan,
    UserWeekCount,
    UserWeekCountDelta,
)
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.ai_metrics.ingest import rollups as request_rollups
from core.conversations.models import Conversation
from core.database import settings
from core.database.db import dedicated_session
from core.database.rollups import Fold, Grain
from core.database.settings import Sealed
from core.database.staging import driver
from core.database.tables import table_of
from core.system.service import reporting_time_zone as zones
from core.system.service.verification import recompute
from core.system.service.verification.compare import (
    COMPUTED,
    STORED,
    Checked,
    compare,
    summed,
    table_in,
)

EVENTS, REQUESTS = "user_activity_events", "ai_request_metrics"
FOLDS = (
    (event_rollups.EVENTS, EVENTS),
    *((fold, REQUESTS) for fold in request_rollups.FOLDS),
)
conversations = table_of(Conversation)
NEVER = literal_column("'-infinity'::timestamptz", DateTime(timezone=True))


def verify() -> list[Checked]:
    """Compute everything again and compare each table; minutes for millions of rows."""
    with dedicated_session() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
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
        found.append(_user_days(session, sealed, zone))
        found.append(_user_spans(session))
        found += [_user_day_counts(session), _user_week_counts(session)]
        found.append(_parts(session, sealed.until(EVENTS)))
        found += _subjects(session)
    return found


def _complete_since(session: Session, fold: Fold, parent: str) -> datetime | None:
    """Return from when on rollups and raw rows are both complete; None for the first."""
    ends = [settings.read(session, Sealed).until(parent)]
    if fold in (request_rollups.REQUESTS, request_rollups.DIMENSIONS):
        ends.append(settings.read(session, settings.DimensionRollups).since)
    return max((each for each in ends if each is not None), default=None)


def _folds(session: Session, fold: Fold, sealed: datetime | None, zone: str) -> Iterator[Checked]:
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
    if fold is not request_rollups.DIMENSIONS:
        return {}
    has_own = request_rollups.has_own_rollups(table)
    return {"value": case((has_own, table.c.value), else_=request_rollups.OTHERS)}


def _user_days(session: Session, sealed: Sealed, zone: str) -> Checked:
    """Check the days with complete raw rows; conversations may add earlier days."""
    keys, _ = _columns(table_of(UserDay))
    ends = [
        until
        for until in (sealed.user_activity_events, sealed.ai_request_metrics)
        if until is not None
    ]
    first = zones.first_whole_day(session, max(ends, default=None), zone)

    def rows(table: Table) -> Select[Any]:
        found = select(*(table.c[key] for key in keys), true().label("is_there"))
        return found.where(table.c.day >= first) if first is not None else found

    stored, computed = (table_in(schema, table_of(UserDay)) for schema in (STORED, COMPUTED))
    is_computed = tuple_(*(stored.c[key] for key in keys)).in_(
        select(*(computed.c[key] for key in keys))
    )
    talks = select(conversations.c.user_id).where(conversations.c.user_id.is_not(None))
    known = or_(is_computed, stored.c.user_id.not_in(talks))
    return compare(session, "user_days", keys, rows(stored).where(known), rows(computed))


def _user_spans(session: Session) -> Checked:
    """Check users' first and last days against their days."""
    keys, names = _columns(table_of(UserSpan), without=("previous_day",))
    stored, days = table_in(STORED, table_of(UserSpan)), _days_of_users()
    key = [days.c[name] for name in keys]
    spans = func.min(days.c.day).label("first_day"), func.max(days.c.day).label("last_day")
    return compare(
        session, "user_spans", keys, _select(stored, names), select(*key, *spans).group_by(*key)
    )


def _user_day_counts(session: Session) -> Checked:
    """Check the number of users by day and previous active day against their days."""
    days = _days_of_users().c
    before = func.lag(days.day, 1, literal_column("'-infinity'::date")).over(
        partition_by=(days.user_id, days.environment, days.app), order_by=days.day
    )
    journeys = select(days.environment, days.app, days.day, before.label("previous_day"))
    return _user_counts(session, UserDayCount, UserDayCountDelta, journeys)


def _user_week_counts(session: Session) -> Checked:
    """Check the number of users by first week and week against their days."""
    days = _days_of_users().c
    week, user = func.week_of(days.day), (days.user_id, days.environment, days.app)
    first = func.min(week).over(partition_by=user).label("first_week")
    weeks = select(days.environment, days.app, first, week.label("week")).group_by(*user, week)
    return _user_counts(session, UserWeekCount, UserWeekCountDelta, weeks)


def _user_counts(
    session: Session,
    counts: type[UserDayCount | UserWeekCount],
    deltas: type[UserDayCountDelta | UserWeekCountDelta],
    counted: Select[Any],
) -> Checked:
    keys, names = _columns(table_of(counts))
    tables = (table_in(STORED, table_of(each)) for each in (counts, deltas))
    rows = union_all(*(_select(each, names) for each in tables)).subquery("counts").c
    users, each = func.sum(rows.users), counted.subquery("counted").c
    key, own = [rows[name] for name in keys], [each[name] for name in keys]
    stored = select(*key, users.label("users")).group_by(*key).having(users != 0)
    computed = select(*own, func.count().label("users")).group_by(*own)
    return compare(session, table_of(counts).name, keys, stored, computed)


def _days_of_users() -> FromClause:
    """Return the days on which users were there, of each app and (`*`) of all."""
    days = table_in(STORED, table_of(UserDay)).c
    places = (
        select(days.user_id, days.environment, app.label("app"), days.day)
        for app in (days.app, literal("*"))
    )
    return union(*places).subquery("days")


def _parts(session: Session, sealed: datetime | None) -> Checked:
    """Check the funnel parts whose raw rows are complete."""
    keys, names = _columns(table_of(FunnelPart), without=("former_owner",))
    stored, computed = (table_in(schema, table_of(FunnelPart)) for schema in (STORED, COMPUTED))

    def is_young(parts: Table) -> ColumnElement[bool]:
        mark = func.unnest(parts.c.marks).column_valued("mark")
        first = select(func.from_micros(func.min(func.mark_micros(mark)))).scalar_subquery()
        since = func.coalesce(literal(sealed, DateTime(timezone=True)), NEVER)
        return func.least(parts.c.linked_at, first) >= since

    older = select(*(stored.c[key] for key in keys)).where(not_(is_young(stored)))
    is_older = tuple_(*(computed.c[key] for key in keys)).in_(older)
    fresh = _select(computed, names).where(is_young(computed), not_(is_older))
    return compare(
        session, "funnel_parts", keys, _select(stored, names).where(is_young(stored)), fresh
    )


def _subjects(session: Session) -> Iterator[Checked]:
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
    keys, names = _columns(table_of(Subject), without=("is_whole",))
    each = (_select(table, names).where(table.c.app != "*") for table in (stored, computed))
    yield compare(session, "subjects", keys, *each)
    keys, names = _columns(table_of(Subject), without=("is_whole", "app"))
    whole = (_select(table, names).where(table.c.is_whole) for table in (stored, computed))
    yield compare(session, "subjects (all apps)", keys, *whole)


def _columns(table: Table, *, without: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """Return the names of a table's key, and of all that is stored in it and not computed."""
    columns = [
        column for column in table.columns if column.computed is None and column.name not in without
    ]
    return [column.name for column in columns if column.primary_key], [
        column.name for column in columns
    ]


def _select(table: Table, names: Sequence[str]) -> Select[Any]:
    return select(*(table.c[name] for name in names))
