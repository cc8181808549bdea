"""Sums of AI requests by each value of a dimension of which a request has one or none."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Label, and_, func, or_, select
from sqlalchemy.orm import Session

from core.ai_metrics.ingest.rollups import OTHERS
from core.ai_metrics.queries.conditions import PLAIN, VALUES, filters_of, matching_requests
from core.ai_metrics.queries.latency.percentiles import summed
from core.ai_metrics.queries.rollup_coverage import have_each_value, needs_raw_rows
from core.ai_metrics.queries.rollup_sources import (
    Columns,
    RollupSource,
    StatementShape,
    raw,
    read_shape,
)
from core.ai_metrics.views import AiMetricsQuery, Interval
from core.presentation.periods import HALF_HOUR, Period, day_of, end_of_day, midnight

KEYS, FIRST = ("at", "provider", "model"), "first_at"
HALF_HOUR_S = HALF_HOUR.total_seconds()
NO_SUMS = (*KEYS, "value", FIRST)
Row = dict[str, Any]


def read_by_value(
    session: Session, query: AiMetricsQuery, columns: Columns, dimension: str
) -> list[Row]:
    """Return columns by `value`, None of the requests without one; from raw rows where rollups do
    not have all values.

    Columns are as find_by_value() has them, with first_at().
    """
    found = find_by_value(session, query, columns, dimension)
    if found is not None:
        times = _first_times(session, query, dimension, found)
        return [row | {FIRST: times[row["value"]]} for row in found]
    shape = StatementShape(filters_of(query), is_exact=True, dimension=dimension)
    return [_plain(row) for row in read_shape(session, query, shape, columns)]


def read_series_by_value(
    session: Session, query: AiMetricsQuery, columns: Columns, dimension: str, step: Interval
) -> list[Row]:
    """Return columns by `value` and interval (`at`); values are None where there is none."""
    if dimension in PLAIN:
        is_exact = needs_raw_rows(session, query)
        shape = StatementShape(filters_of(query), is_exact, step=step, dimension=dimension)
        rows = [_plain(row) for row in read_shape(session, query, shape, columns)]
        return [row | {"value": row["value"] or None} for row in rows if row["requests"]]
    found = find_by_value(session, query, columns, dimension, step=step)
    if found is not None:
        return found
    shape = StatementShape(filters_of(query), is_exact=True, step=step, dimension=dimension)
    return [_plain(row) for row in read_shape(session, query, shape, columns)]


def find_by_value(
    session: Session,
    query: AiMetricsQuery,
    columns: Columns,
    dimension: str,
    *,
    by_model: bool = False,
    step: Interval | None = None,
) -> list[Row] | None:
    """Return columns by `value` from rollups; None where these do not have all values.

    Columns are sums, `requests` among them, or packed histograms, which are returned as counts.
    """
    if not have_each_value(session, query, dimension):
        return None
    shape = StatementShape(filters_of(query), False, by_model, step, dimension)
    rows = [_plain(row) for row in read_shape(session, query, shape, columns)]
    # Some values have no rollups of their own, and what the others hold can't be told apart
    if any(row["value"] == OTHERS and row["requests"] for row in rows):
        return None
    return _without_a_value(rows)


def counted(source: RollupSource) -> Sequence[Label[Any]]:
    """Return the number of requests."""
    return [source.total("requests").label("requests")]


def first_at(source: RollupSource) -> Label[datetime]:
    """Return when the first interval with a request begins, or the time of the first request."""
    return func.min(source.rows.c.at).filter(source.rows.c.requests > 0).label(FIRST)


def _without_a_value(rows: Sequence[Row]) -> list[Row]:
    """Take those with a value from all requests, which have None; leave what there is."""
    named = [row for row in rows if row["value"] is not None]
    rest = {_key(row): dict(row) for row in rows if row["value"] is None}
    for row in named:
        if (left := rest.get(_key(row))) is not None:
            left |= {name: left[name] - row[name] for name in row if name not in NO_SUMS}
    return [row for row in (*named, *rest.values()) if row["requests"]]


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in KEYS)


def _plain(row: Row) -> Row:
    return row | {name: summed(each) for name, each in row.items() if isinstance(each, bytes)}


def _first_times(
    session: Session, query: AiMetricsQuery, dimension: str, rows: Sequence[Row]
) -> dict[str | None, datetime]:
    """Return the time of each value's first request, from what it is first counted in; where the
    rows are deleted, the start of its half hour.
    """
    found, zone = {row["value"]: row[FIRST] for row in rows}, query.period.zone
    if None in found:
        found |= _first_intervals(session, query, dimension, Interval.DAY, {None})
    days = {at for at in found.values() if at == midnight(day_of(at, zone), zone)}
    for day in days:
        of_day = {value for value, at in found.items() if at == day}
        within = _of_day(query, day)
        found |= _first_intervals(session, within, dimension, Interval.HALF_HOUR, of_day)
    # Of the half hours that a period cuts single requests are counted, each at its own time.
    halves = {value: at for value, at in found.items() if not at.timestamp() % HALF_HOUR_S}
    firsts = found | _first_rows(session, query, dimension, halves)
    return {value: max(at, query.period.start) for value, at in firsts.items()}


def _first_intervals(
    session: Session, query: AiMetricsQuery, dimension: str, step: Interval, of: Set[str | None]
) -> dict[str | None, datetime]:
    """Return the first interval with a request of some values."""
    rows = find_by_value(session, query, counted, dimension, step=step) or ()
    found: dict[str | None, datetime] = {}
    for row in rows:
        if row["value"] in of:
            found[row["value"]] = min(row["at"], found.get(row["value"], row["at"]))
    return found


def _of_day(query: AiMetricsQuery, day: datetime) -> AiMetricsQuery:
    whole, zone = query.period, query.period.zone
    end = end_of_day(day, zone)
    return replace(query, period=Period(max(day, whole.start), min(end, whole.end), zone))


def _first_rows(
    session: Session,
    query: AiMetricsQuery,
    dimension: str,
    halves: Mapping[str | None, datetime],
) -> dict[str | None, datetime]:
    """Return the time of the first request of values within their half hours."""
    if not halves:
        return {}
    at, value = raw.c.created_at, VALUES[dimension].label("value")
    begun, given = set(halves.values()), query.period
    start, end = max(min(begun), given.start), min(max(begun) + HALF_HOUR, given.end)
    whole = replace(given, start=start, end=end)
    within = or_(*(and_(at >= each, at < each + HALF_HOUR) for each in begun))
    first = select(value, func.min(at)).where(*matching_requests(query, whole), within)
    rows = session.execute(first.group_by(value))
    return {value: at for value, at in rows if value in halves and at < halves[value] + HALF_HOUR}
