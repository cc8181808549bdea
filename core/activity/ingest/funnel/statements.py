"""Statements that derive subjects of the funnel from their parts; subjects.py runs them."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    Delete,
    FromClause,
    Select,
    Text,
    Update,
    and_,
    case,
    column,
    delete,
    distinct,
    exists,
    false,
    func,
    literal_column,
    not_,
    or_,
    quoted_name,
    select,
    table,
    text,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import Insert, aggregate_order_by, array, insert
from sqlalchemy.sql.dml import ReturningInsert

from core.activity.models.funnels import MARKS, REACHED, FunnelPart, Subject
from core.activity.queries.funnels.funnel import MOMENT, FunnelRule
from core.activity.schemas import ALL_APPS
from core.database.sql_files import statement
from core.database.tables import table_of

# Of a list that holds all marks, whatever they are of
LONGEST: ColumnElement[int] = literal_column("32")
KEY = ("environment", "app", "subject")
DERIVED = ("marks", "is_cut", "is_unsure", *REACHED)
STAR, NO_MARKS = literal_column(f"'{ALL_APPS}'", Text), literal_column("'{}'::bigint[]", MARKS)
FENCE: ColumnElement[int] = literal_column("0")  # as an offset: Postgres merges no such subquery
NEVER_REACHED: ColumnElement[Any] = literal_column("null::timestamptz", MOMENT)

subjects, parts = table_of(Subject), table_of(FunnelPart)
ROW = (*KEY, "of_release")
# All derived columns as one, to be set at once: SQLAlchemy knows no list of columns in "on conflict
# do update".
ALL_DERIVED = quoted_name(f"({', '.join(DERIVED)})", quote=False)
TARGET = table("subjects", *map(column, (*ROW, "is_whole", *DERIVED, ALL_DERIVED)))
MERGED = statement(__package__, "merged_marks").columns(
    column("marks", MARKS), column("is_cut", Boolean)
)


def grow(rule: FunnelRule, kept: FromClause, new_parts: FromClause) -> ReturningInsert[Any]:
    """Return the statement that gives subjects what is new in a batch's parts, which are `kept`: to
    a new owner all there is.

    A user who lost a session is locked in the same order. A session that lost its own has no other
    part: we hold its only one.
    """
    has_moved = kept.c.former_owner != kept.c.owner
    is_own = [kept.c[name] == new_parts.c[name] for name in ("part", "environment", "app")]
    marks = case((has_moved, kept.c.marks), else_=new_parts.c.marks).label("marks")
    gained = select(
        kept.c.environment, kept.c.app, kept.c.owner.label("subject"), marks, kept.c.is_cut
    ).join_from(kept, new_parts, and_(*is_own))
    lost = select(kept.c.environment, kept.c.app, kept.c.former_owner, NO_MARKS, false()).where(
        has_moved, func.is_user(kept.c.former_owner)
    )
    whole = _whole(union_all(gained, lost).subquery("gained"))
    derived = _derived(rule, whole).subquery("derived")
    rows = select(
        *(derived.c[name] for name in KEY),
        _of_release(derived),
        _is_whole(derived),
        *(derived.c[name] for name in DERIVED),
    )
    added = insert(TARGET).from_select(
        [*ROW, "is_whole", *DERIVED],
        rows.order_by(derived.c.subject, derived.c.environment, derived.c.app),
    )
    merged = rule.over(MERGED).subquery("merged")
    change = {ALL_DERIVED: select(*_columns(rule, merged)).scalar_subquery()}
    is_news = text(
        "not subjects.marks @> excluded.marks or excluded.is_cut and not subjects.is_cut"
    )
    grown = added.on_conflict_do_update(index_elements=ROW, set_=change, where=is_news)
    return grown.returning(*(TARGET.c[name] for name in (*KEY, "is_whole")))


def _whole(rows: FromClause) -> Select[Any]:
    """Return subjects with all the marks that rows have of them, sorted."""
    each = func.unnest(rows.c.marks).table_valued("mark", name="each").render_derived()
    marks = func.array_agg(aggregate_order_by(distinct(each.c.mark), each.c.mark)).filter(
        each.c.mark.is_not(None)
    )
    was_cut = func.coalesce(func.bool_or(rows.c.is_cut), false()).label("was_cut")
    keys = [rows.c[name] for name in KEY]
    whole = select(*keys, was_cut, func.coalesce(marks, NO_MARKS, type_=MARKS).label("whole"))
    return whole.select_from(rows.outerjoin(each, true())).group_by(*keys)


def _derived(rule: FunnelRule, whole: Select[Any]) -> Select[Any]:
    """Return the marks that a subject keeps, and when it reached the funnel's steps."""
    row = whole.subquery("whole").c
    is_long = func.cardinality(row.whole) > LONGEST
    kept = select(
        *(row[name] for name in KEY),
        case((is_long, func.marks_kept(row.whole)), else_=row.whole).label("marks"),
        or_(row.was_cut, and_(is_long, func.marks_cut(NO_MARKS, row.whole))).label("is_cut"),
    )
    timed = rule.over(kept.offset(FENCE)).subquery("timed")
    return select(*(timed.c[name] for name in KEY), *_columns(rule, timed))


def _columns(rule: FunnelRule, timed: FromClause) -> list[ColumnElement[Any]]:
    row = timed.c
    reached = [
        (rule.reached(row, step) if step < len(rule.steps) else NEVER_REACHED).label(name)
        for step, name in enumerate(REACHED)
    ]
    return [
        row.marks,
        row.is_cut,
        and_(row.is_cut, rule.is_unsure(row)).label("is_unsure"),
        *reached,
    ]


def apply(rule: FunnelRule) -> Update:
    """Return the statement that sets of all subjects when they reached the rule's steps."""
    rows = select(*(subjects.c[name] for name in (*KEY, "marks", "is_cut"))).offset(FENCE)
    timed = rule.over(rows).subquery("timed")
    derived = select(*(timed.c[name] for name in KEY), *_columns(rule, timed)).subquery("derived")
    names = ("is_unsure", *REACHED)
    has_changed = or_(*(subjects.c[name].is_distinct_from(derived.c[name]) for name in names))
    change = update(subjects).values({name: derived.c[name] for name in names})
    return change.where(_is(derived), has_changed)


def _of_release(rows: FromClause) -> ColumnElement[bool]:
    return func.is_release_place(rows.c.environment, type_=Boolean)


def _is_whole(rows: FromClause) -> ColumnElement[bool]:
    """Return whether a new row holds all of its subject; the fence forces index lookups."""
    other = subjects.alias("other")
    is_same = (other.c.subject == rows.c.subject, other.c.environment == rows.c.environment)
    others = select(other.c.app).where(*is_same, other.c.app != rows.c.app).offset(FENCE)
    alone = func.count().over(partition_by=(rows.c.subject, rows.c.environment)) == literal_column(
        "1"
    )
    return and_(alone, not_(exists(others.correlate(rows)))).label("is_whole")


def _is(rows: FromClause, *names: str) -> ColumnElement[bool]:
    in_partition = subjects.c.of_release == _of_release(rows)
    return and_(in_partition, *(subjects.c[name] == rows.c[name] for name in names or KEY))


def _each(touched: FromClause, *names: str) -> FromClause:
    return select(*(touched.c[name] for name in names)).distinct().subquery("each_touched")


def _update(rule: FunnelRule, whole: Select[Any]) -> Update:
    derived = _derived(rule, whole).subquery("derived")
    return update(subjects).values({name: derived.c[name] for name in DERIVED}).where(_is(derived))


def of_parts(rule: FunnelRule, touched: FromClause) -> Update:
    """Return the statement that derives touched rows again from their parts."""
    each = _each(touched, *KEY)
    is_part = and_(
        parts.c.environment == each.c.environment,
        parts.c.app == each.c.app,
        parts.c.owner == each.c.subject,
    )
    rows = select(each, parts.c.marks, parts.c.is_cut).join_from(each, parts, is_part)
    return _update(rule, _whole(rows.subquery("rows")))


def without_parts(touched: FromClause) -> Delete:
    """Return the statement that deletes subjects without parts."""
    is_part = and_(
        *(parts.c[name] == subjects.c[name] for name in ("environment", "app")),
        parts.c.owner == subjects.c.subject,
    )
    return gone(touched).where(not_(exists(select(parts.c.part).where(is_part))))


def gone(touched: FromClause) -> Delete:
    """Return the statement that deletes touched rows."""
    return delete(subjects).where(_is(touched))


def set_apart(touched: FromClause) -> Update:
    """Return the statement that unsets `is_whole` of rows whose subject has several apps."""
    each, other = _each(touched, "environment", "subject"), subjects.alias("other")
    is_same = and_(
        other.c.subject == subjects.c.subject, other.c.environment == subjects.c.environment
    )
    is_apart = exists(select(other.c.app).where(is_same, other.c.app != subjects.c.app))
    own = (_is(each, "subject", "environment"), subjects.c.is_whole, subjects.c.app != STAR)
    return update(subjects).values(is_whole=false()).where(*own, is_apart)


def _hold(rows: Select[Any], names: Sequence[str]) -> Insert:
    """Return the statement that inserts missing rows and locks existing ones."""
    never = {"is_cut": false()}
    return (
        insert(subjects)
        .from_select(names, rows)
        .on_conflict_do_update(index_elements=ROW, set_=never, where=false())  # locks all the same
    )


def held_over_apps(touched: FromClause) -> Insert:
    """Return the statement that inserts or locks rows over all apps."""
    rows = select(
        touched.c.environment,
        STAR.label("app"),
        touched.c.subject,
        _of_release(touched),
        NO_MARKS.label("marks"),
        false().label("is_cut"),
    )
    is_same = _is(touched, "environment", "subject")
    rows = rows.distinct().join_from(touched, subjects, is_same).where(~subjects.c.is_whole)
    return _hold(rows.order_by(touched.c.subject, touched.c.environment), [*ROW, "marks", "is_cut"])


def of_all_apps(rule: FunnelRule, touched: FromClause) -> Update:
    """Return the statement that derives rows over all apps from the rows by app."""
    each, own = _each(touched, "environment", "subject"), subjects.alias("own")
    is_own = and_(
        own.c.subject == each.c.subject, own.c.environment == each.c.environment, ~own.c.is_whole
    )
    rows = select(
        each.c.environment, STAR.label("app"), each.c.subject, own.c.marks, own.c.is_cut
    ).join_from(each, own, is_own)
    return _update(rule, _whole(rows.subquery("rows")))


def without_apps(touched: FromClause) -> Delete:
    """Return the statement that deletes rows over all apps of which no other is left."""
    own = subjects.alias("own")
    is_own = and_(
        own.c.subject == subjects.c.subject,
        own.c.environment == subjects.c.environment,
        own.c.app != STAR,
    )
    is_over_apps = (_is(touched, "subject", "environment"), subjects.c.app == STAR)
    return delete(subjects).where(*is_over_apps, not_(exists(select(own.c.app).where(is_own))))


def held(touched: FromClause) -> Insert:
    """Return the statement that inserts or locks touched rows."""
    each = _each(touched, *KEY)
    rows = select(
        *(each.c[name] for name in KEY),
        _of_release(each),
        _is_whole(each),
        NO_MARKS.label("marks"),
        false().label("is_cut"),
    )
    return _hold(
        rows.order_by(each.c.subject, each.c.environment, each.c.app),
        [*ROW, "is_whole", "marks", "is_cut"],
    )


def lost(kept: CTE, is_kind: Callable[[ColumnElement[str]], ColumnElement[bool]]) -> Select[Any]:
    """Return the subjects of a kind that lost a part of a batch to another, as one array."""
    keys = func.array_agg(array([kept.c.environment, kept.c.app, kept.c.former_owner]))
    return select(keys).where(kept.c.former_owner != kept.c.owner, is_kind(kept.c.former_owner))


def spread(grown: CTE) -> Select[Any]:
    """Return the subjects of a batch that are in several apps, as one array."""
    return select(func.array_agg(array([grown.c[name] for name in KEY]))).where(~grown.c.is_whole)
