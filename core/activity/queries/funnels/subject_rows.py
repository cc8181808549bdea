"""Who goes through a funnel: `subjects` as they are, and apart from them those whose list of marks
was cut where it could matter, for whom the raw rows are looked up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    SelectBase,
    SmallInteger,
    Text,
    and_,
    bindparam,
    case,
    distinct,
    false,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from core.activity.models.events import Event, EventApp
from core.activity.models.funnels import MARKS, FunnelPart, Subject
from core.activity.queries.funnels.funnel import (
    MOMENT,
    NEVER,
    CodedStep,
    Columns,
    Funnel,
    FunnelRule,
    at,
)
from core.activity.queries.releases import first_seen_at
from core.activity.schemas import ALL_APPS
from core.database.sql_files import statement
from core.database.tables import table_of
from core.ingest.rows import EARLIEST
from core.presentation.periods import Period, Watched

subjects, events, parts = table_of(Subject), table_of(Event), table_of(FunnelPart)
MARKED = ("subject", "sample", "marks")
RowCondition = Callable[[Columns], ColumnElement[bool]]
# Which subjects are, by their key
IsWanted = Callable[[ColumnElement[str]], Sequence[ColumnElement[bool]]]


@dataclass(frozen=True)
class FunnelRows:
    """The rows that a funnel counts: `plain` are most of them, the table `rest` holds the others.

    All have `subject`, `sample` and the times `at_1`, ...; but the saved funnel's plain ones
    `reached_1`, ...: `plain` are those of the period and `past` those of the period before.
    """

    rest: CTE
    plain: Select[Any]
    past: Select[Any] | None = None


def micros(moment: datetime) -> int:
    """Return a time as marks have it."""
    return int(moment.timestamp()) * 1_000_000 + int(moment.microsecond)


def parameters_of(
    session: Session, watched: Watched, *, release_place: str | None = None
) -> dict[str, Any]:
    """Return the parameters that select subjects by environment, app and rows."""
    wanted = select(EventApp.app).where(EventApp.environment == watched.environment)
    apps = [watched.app] if watched.app is not None else sorted(session.scalars(wanted))
    # `*` has the subjects that are in several apps
    places = apps if len(apps) <= 1 else [*apps, ALL_APPS]
    return {
        "environment": (of_subjects := release_place or watched.environment),
        "part_environment": of_subjects,
        "raw_environment": watched.environment,
        "raw_release": watched.release if release_place is not None else None,
        "app": watched.app,
        "apps": apps,
        "places": places,
    }


def code_parameters(funnel: Funnel, codes: Sequence[CodedStep]) -> dict[str, Any]:
    """Return the parameters that give events of raw rows their codes."""
    pairs = {
        name: code
        for step, coded in zip(funnel.steps, codes, strict=True)
        for name, code in zip(step.event_types, coded.codes, strict=True)
    }
    return {"types": list(pairs), "codes": list(pairs.values())}


def raw_since(session: Session, watched: Watched) -> datetime:
    """Return since when raw rows matter: no event of a release is before it was first seen."""
    return first_seen_at(session, watched) or EARLIEST


def span_parameters(period: Period, *, with_previous: bool = False) -> dict[str, Any]:
    """Return the parameters of the time span in which subjects start."""
    since = period.previous.start if with_previous else period.start
    until_us = min(micros(period.end), NEVER)
    times = {"since": since, "start": period.start, "until": period.end}
    return times | {
        "since_us": micros(since),
        "start_us": micros(period.start),
        "until_us": until_us,
    }


def is_in_span(row: Columns) -> ColumnElement[bool]:
    """Return the condition on `at_1`, which is exact: the earliest mark is always kept."""
    return and_(
        row.at_1 >= bindparam("since_us", type_=BigInteger),
        row.at_1 < bindparam("until_us", type_=BigInteger),
    )


def is_current(row: Columns) -> ColumnElement[bool]:
    """Return the condition that a row of the span is of the period itself."""
    return at(row, 0) >= bindparam("start_us", type_=BigInteger)


def is_in_environment(row: Columns, environment: str = "environment") -> ColumnElement[bool]:
    """Return the condition on rows of the environment, or place of a release, in a parameter: it
    also names the partition.
    """
    given = bindparam(environment, type_=Text)
    return and_(row.environment == given, row.of_release == func.is_release_place(given))


def select_subjects(
    *,
    has_app: bool,
    place: ColumnElement[str] | None = None,
    environment: str = "environment",
) -> Select[Any]:
    """Return one row per subject, of one app or of all, optionally of one place; `environment` is
    the name of its parameter.
    """
    if not has_app:
        in_environment = is_in_environment(subjects.c, environment)
        in_place = subjects.c.app == (
            place if place is not None else func.any(bindparam("places", type_=ARRAY(Text)))
        )
        # The whole row alone: a subject that is in two apps would count twice
        return select(subjects).where(in_environment, in_place, subjects.c.is_whole)
    # An index for each, of which the one begins where the other ends.
    both = union_all(
        *(select(subjects).where(each) for each in (subjects.c.is_whole, ~subjects.c.is_whole))
    ).subquery("subjects")
    return select(both).where(
        is_in_environment(both.c, environment), both.c.app == bindparam("app", type_=Text)
    )


def started_in_span(rows: Select[Any], since: str = "start", until: str = "until") -> Select[Any]:
    """Return subjects whose steps are known, by the time of their first step."""
    row = rows.selected_columns
    began = (
        row.reached_1 >= bindparam(since, type_=MOMENT),
        row.reached_1 < bindparam(until, type_=MOMENT),
    )
    # For the others raw rows are read, and the index has none of them
    return rows.where(~row.is_unsure, *began)


def saved(rule: FunnelRule, rows: Select[Any]) -> FunnelRows:
    """Return the row sources of the saved funnel, whose times `subjects` stores."""
    columns = rows.selected_columns
    unsure = rows.where(columns.is_unsure).with_only_columns(
        *(columns[name] for name in (*MARKED, "is_cut"))
    )
    exact = _exact(rule, rule.over(unsure))
    return FunnelRows(
        _rest(rule, select(exact)),
        plain=started_in_span(rows),
        past=started_in_span(rows, "since", "start"),
    )


def of_marks(rule: FunnelRule, rows: Select[Any], *, starts_alike: bool) -> FunnelRows:
    """Return the sources of any other funnel: the lists of marks. `starts_alike`: it has the first
    step of the workspace's.
    """
    columns = rows.selected_columns
    uncut, cut = (
        rows.where(is_wanted).with_only_columns(*(columns[name] for name in MARKED))
        for is_wanted in (~columns.is_cut, columns.is_cut)
    )
    if starts_alike:
        # A subject begins this funnel when it begins the workspace's, and that time has an index.
        since, until = bindparam("since", type_=MOMENT), bindparam("until", type_=MOMENT)
        uncut = uncut.where(columns.reached_1 >= since, columns.reached_1 < until)
    exact = _exact(rule, rule.over(cut), rule.is_unsure)
    rest = union_all(select(exact), cut.where(columns.subject.not_in(select(exact.c.subject))))
    return FunnelRows(_rest(rule, rest), plain=_timed(rule, uncut))


def of_raw_rows(rule: FunnelRule, is_wanted: IsWanted, *, has_release: bool) -> FunnelRows:
    """Return the sources of a funnel from raw rows: within one release, or of event types whose
    earlier events have no marks.
    """
    row = events.c
    lists = bindparam("types", type_=ARRAY(Text)), bindparam("codes", type_=ARRAY(SmallInteger))
    codes = func.unnest(*lists).table_valued("event_type", "code").render_derived(name="coded")
    of_release = [row.release == bindparam("release", type_=Text)] if has_release else []
    named = (
        select(
            case(
                (row.user_id.is_not(None), func.user_subject(row.user_id)),
                else_=func.session_subject(row.session_id),
            ).label("part"),
            # Null for events of a user: they belong to that user, and no owner is looked up.
            case((row.user_id.is_(None), func.session_subject(row.session_id))).label("session"),
            row.app,
            func.mark_of(codes.c.code, row.created_at).label("mark"),
        )
        .join_from(events, codes, codes.c.event_type == row.event_type)
        .where(
            row.environment == bindparam("environment", type_=Text),
            row.event_type == func.any(bindparam("types", type_=ARRAY(Text))),
            row.created_at >= bindparam("raw_since", type_=MOMENT),
            *of_release,
        )
        .where(row.app == func.any(bindparam("apps", type_=ARRAY(Text))))
        .where(or_(row.user_id.is_not(None), row.session_id.is_not(None)))
        .subquery("named")
    )
    is_own = and_(
        parts.c.part == named.c.session,
        parts.c.app == named.c.app,
        parts.c.environment == bindparam("part_environment", type_=Text),
    )
    subject = func.coalesce(parts.c.owner, named.c.part, type_=Text).label("subject")
    owned = select(subject, named.c.mark).outerjoin_from(named, parts, is_own).subquery("owned")
    # As the column of subjects is computed
    sample = literal_column("(hashtext(owned.subject) & 1023)::smallint", SmallInteger).label(
        "sample"
    )
    marks = func.array_agg(
        aggregate_order_by(distinct(owned.c.mark), owned.c.mark), type_=MARKS
    ).label("marks")
    rows = (
        select(owned.c.subject, sample, marks)
        .where(*is_wanted(owned.c.subject))
        .group_by(owned.c.subject)
    )
    nobody = select(subjects.c.subject, subjects.c.sample, subjects.c.marks).where(false())
    return FunnelRows(rule.over(nobody).cte("rest"), plain=_timed(rule, rows))


def _timed(rule: FunnelRule, rows: SelectBase) -> Select[Any]:
    timed = rule.over(rows, is_in_span).subquery("timed")
    return select(timed).where(is_in_span(timed.c))


def _exact(rule: FunnelRule, timed: Select[Any], is_wanted: RowCondition | None = None) -> CTE:
    """Return truncated subjects, with the marks of their raw rows."""
    row = timed.subquery("timed").c
    columns = (
        row.subject,
        row.sample,
        row.marks,
        rule.begins(row).label("begins"),
        rule.ends(row).label("ends"),
    )
    apart = select(*columns).where(
        is_in_span(row), *([is_wanted(row)] if is_wanted is not None else [])
    )
    marks = statement(__package__, "raw_marks").columns(*(subjects.c[name] for name in MARKED))
    return marks.add_cte(apart.cte("apart")).cte("exact").prefix_with("materialized")


def _rest(rule: FunnelRule, rows: SelectBase) -> CTE:
    return _timed(rule, rows).cte("rest")
