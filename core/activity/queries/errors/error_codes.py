"""Errors by code: counts, users, later successes, and samples."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    RowMapping,
    Select,
    Text,
    TextualSelect,
    and_,
    cast,
    column,
    false,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from core.activity.ingest.event_codes.event_types import MOST_TYPES
from core.activity.models.events import EventRollup
from core.activity.models.funnels import EventType, FunnelEvent, FunnelPart
from core.activity.queries.event_counts import rolled_errors
from core.activity.queries.events import (
    CONTENTS,
    IS_ERROR,
    EventFilter,
    event_conditions,
    events,
    users,
)
from core.activity.queries.funnels.funnel import NEVER
from core.activity.queries.funnels.funnel_sql import SAMPLES, portion
from core.activity.views import ErrorGroup, ErrorSample
from core.cache.large_workspaces import cached_if_large
from core.database import shortened
from core.database.paging import Sort, SortCursor, SortedPage, SortKey, Window
from core.database.rollups import Grain
from core.database.sql_files import statement
from core.database.tables import table_of
from core.identity.permissions import Permission, require, without_contents
from core.identity.schemas import Actor
from core.presentation.periods import Period, Watched

SHOWN = 3  # samples of each code
NEWEST = 500  # errors that are looked through for samples
ERROR = "_error"
STEPS_OF_USERS = (("error_types", "types"), ("latest_errors", "latest"))
parts, rollups = table_of(FunnelPart), table_of(EventRollup)
SORT = Sort(
    "-count",
    (SortKey(column("count", BigInteger), is_descending=True), SortKey(column("error_code", Text))),
)
# An event of an error's type may have no code
CODE: ColumnElement[str] = func.coalesce(events.c.error_code, literal_column("''"))


def list_errors(
    session: Session,
    filters: EventFilter,
    period: Period,
    watched: Watched,
    *,
    window: Window,
    after: SortCursor | None = None,
    actor: Actor,
) -> SortedPage[ErrorGroup]:
    """Return errors by code, most frequent first."""
    groups = all_errors(session, filters, period, watched, actor=actor)
    rest = [each for each in groups if after is None or _is_after(each, after)]
    shown = rest[window.offset : window.offset + window.limit]
    conditions = [*event_conditions(filters, period, watched), IS_ERROR]
    found = _samples(session, conditions, {each.error_code: each.count for each in shown})
    samples = {
        code: [
            ErrorSample.model_validate(without_contents(each, *CONTENTS, actor=actor))
            for each in rows
        ]
        for code, rows in found.items()
    }
    page = [each.model_copy(update={"samples": samples[each.error_code]}) for each in shown]
    last = page[-1] if len(page) == window.limit else None
    cursor = SORT.written([last.count, last.error_code]) if last is not None else None
    return window.sorted_page(page, len(groups), cursor)


def all_errors(
    session: Session, filters: EventFilter, period: Period, watched: Watched, *, actor: Actor
) -> list[ErrorGroup]:
    """Return all errors by code without samples, most frequent first."""
    require(actor, Permission.WATCH)
    conditions = [*event_conditions(filters, period, watched), IS_ERROR]
    most = portion(session.scalar(_roughly(period, watched)) or 0)
    key, is_sampled = (filters, period, watched), most < SAMPLES

    def ask() -> Sequence[RowMapping]:
        return session.execute(_codes(conditions)).mappings().all()

    rows = cached_if_large(session, ("codes", key), ask)
    asked = _error_users(conditions, watched, most, in_raw_rows=not _has_marks(session, rows))

    def ask_users() -> dict[str, tuple[int, int]]:
        return {row.error_code: (row.users, row.later_successes) for row in session.execute(asked)}

    people = cached_if_large(session, ("errors", key), ask_users)
    total = sum(row["count"] for row in rows)
    groups = [
        ErrorGroup(
            **row,
            share=row["count"] / total,
            users=(users := people.get(row["error_code"], (0, 0)))[0],
            later_successes=users[1],
            later_share=users[1] / users[0] if users[0] else None,
            is_sampled=is_sampled,
            samples=[],
        )
        for row in rows
    ]
    return sorted(groups, key=lambda each: (-each.count, each.error_code))


def _is_after(group: ErrorGroup, after: SortCursor) -> bool:
    count, code = map(str, after)
    return (-group.count, group.error_code) > (-int(count), code)


def _roughly(period: Period, watched: Watched) -> Select[Any]:
    """Return an estimate of the number of errors: those of the period's whole days, of all apps."""
    row = rollups.c
    days = (
        row.grain == Grain.DAY,
        row["at"] >= period.start,
        row["at"] < period.end,
        row.environment == watched.environment,
    )
    return select(cast(func.coalesce(func.sum(rolled_errors(rollups)), 0), BigInteger)).where(*days)


def _codes(conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Return errors by code, grouped by type first: several workers can share that step."""
    row = (
        select(
            CODE.label("code"),
            events.c.event_type,
            func.count().label("events"),
            func.max(events.c.created_at).label("last_at"),
        )
        .where(*conditions)
        .group_by(CODE, events.c.event_type)
        .subquery("each")
        .c
    )
    count = cast(func.sum(row.events), BigInteger).label("count")
    types = func.array_agg(aggregate_order_by(row.event_type, row.event_type)).label("event_types")
    last_at = func.max(row.last_at).label("last_at")
    return select(row.code.label("error_code"), types, count, last_at).group_by(row.code)


def _error_users(
    conditions: Sequence[ColumnElement[bool]], watched: Watched, most: int, *, in_raw_rows: bool
) -> TextualSelect:
    """Return users and later successes by code; anonymous sessions count as their user."""
    row = events.c
    named = (
        CODE.label("error_code"),
        row.event_type,
        row.created_at,
        row.user_id,
        row.session_id,
        row.environment,
        row.app,
    )
    errors = select(*named).where(*conditions)
    # By user: of each user, the sample has all errors or none
    if most < SAMPLES:
        key = func.hashtext(func.coalesce(cast(row.user_id, Text), row.session_id), type_=Integer)
        errors = errors.where(key.op("&")(SAMPLES - 1) < most)
    each = errors.cte("each").prefix_with("materialized")
    part = func.session_subject(each.c.session_id)
    is_own = and_(
        parts.c.part == part, parts.c.environment == each.c.environment, parts.c.app == each.c.app
    )
    # A lookup per anonymous row: the planner does not know how few rows a CTE has, and a join would
    # read all parts.
    owner = select(parts.c.owner).where(is_own).correlate(each).scalar_subquery()
    subject = func.coalesce(func.user_subject(each.c.user_id), owner, part)
    at = cast(
        func.date_part(literal_column("'epoch'"), each.c.created_at) * literal_column("1e6"),
        BigInteger,
    )
    failed = select(each.c.error_code, each.c.event_type, at.label("at"), subject.label("subject"))
    ctes = [failed.cte("failed").prefix_with("materialized")]
    ctes += [
        statement(__package__, name).columns().cte(short).prefix_with("materialized")
        for name, short in STEPS_OF_USERS
    ]
    # Planning for raw rows in many partitions takes as long as everything else.
    nobody = select(null().label("error_code"), null().label("subject")).where(false())
    later = (
        statement(__package__, "later_in_raw_rows")
        .bindparams(environment=watched.environment)
        .columns()
        if in_raw_rows
        else nobody
    )
    given = {"environment": watched.environment, "samples": SAMPLES, "most": most, "never": NEVER}
    return (
        statement(__package__, "error_users")
        .bindparams(**given)
        .columns()
        .add_cte(*ctes, later.cte("later_in_raw_rows"))
    )


def _samples(
    session: Session, conditions: Sequence[ColumnElement[bool]], counts: Mapping[str, int]
) -> dict[str, list[RowMapping]]:
    """Return the latest errors of each code: found among the newest of all codes, else by code."""
    shown = ("user_id", "event_type", "error_message", "created_at")
    newest = (events.c.created_at.desc(), events.c.id)
    errors = select(
        events.c.id.label("event_id"), *(events.c[name] for name in shown), CODE.label("code")
    ).where(*conditions)
    # Most codes occur among these; numbering by code reads every error of the period
    found = _by_code(session, errors.order_by(*newest).limit(NEWEST))
    rare = [code for code, count in counts.items() if len(found.get(code, ())) < min(count, SHOWN)]
    if rare:
        number = func.row_number().over(partition_by=CODE, order_by=newest).label("number")
        row = (numbered := errors.add_columns(number).where(CODE.in_(rare)).subquery("numbered")).c
        found |= _by_code(session, select(numbered).where(row.number <= SHOWN))
    return {code: found.get(code, [])[:SHOWN] for code in counts}


def _by_code(session: Session, errors: Select[Any]) -> dict[str, list[RowMapping]]:
    each = errors.cte("each").prefix_with("materialized")
    shown = shortened.in_list(each.c, each.c.error_message)
    named = select(*shown, users.c.external_id.label("user")).outerjoin_from(
        each, users, users.c.id == each.c.user_id
    )
    found: dict[str, list[RowMapping]] = {}
    for row in session.execute(
        named.order_by(each.c.created_at.desc(), each.c.event_id)
    ).mappings():
        found.setdefault(row["code"], []).append(row)
    return found


def _has_marks(session: Session, rows: Sequence[RowMapping]) -> bool:
    """Return whether no raw row is needed: of every success, funnels know the type, or none was
    received.
    """
    types = {each for row in rows for each in row["event_types"]}
    stems = {each.removesuffix(ERROR) for each in types if each.endswith(ERROR)}
    successes = [{f"{stem}_complete", f"{stem}_success"} for stem in stems]
    known = set(session.scalars(select(FunnelEvent.event_type)))
    received = set(session.scalars(select(EventType.event_type)))
    is_registered = len(received) < MOST_TYPES  # or later types were received, too
    return len(stems) == len(types) and all(
        names & known or (is_registered and not names & received) for names in successes
    )
