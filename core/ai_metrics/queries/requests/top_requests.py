"""The slowest and the most expensive requests.

Those of days that are over follow an index (daily_indexes.py). Of the others only what may be among
the first is read: for the slowest, the half hours whose histograms say so.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Label, and_, false, func, or_, select
from sqlalchemy.orm import Session

from core.ai_metrics.queries.conditions import matching_requests
from core.ai_metrics.queries.daily_indexes import begins_unordered
from core.ai_metrics.queries.latency.percentiles import LOWEST, bucket_of, summed
from core.ai_metrics.queries.rollup_coverage import needs_raw_rows
from core.ai_metrics.queries.rollup_sources import RollupSource, raw, read_sums
from core.ai_metrics.requests import RequestOrder
from core.ai_metrics.schemas import RequestStatus
from core.ai_metrics.views import AiMetricsQuery, Interval
from core.database.paging import Window
from core.presentation.periods import HALF_HOUR, Period

LONGEST_DAY = timedelta(hours=25)  # on which clocks are set back
MEASURES = {
    RequestOrder.SLOWEST: raw.c.total_latency_ms,
    RequestOrder.MOST_EXPENSIVE: raw.c.cost_usd,
}


@dataclass(frozen=True)
class RankedRequest:
    """A request with its rank value."""

    value: Decimal
    id: UUID
    created_at: datetime


def find_top_requests(
    session: Session, query: AiMetricsQuery, order: RequestOrder, window: Window
) -> list[RankedRequest]:
    """Return the slowest or most expensive requests; pending ones are not among the slowest."""
    count, span = window.offset + window.limit, _span(session, query)
    edge = min(max(begins_unordered(), span.start), span.end)
    found = _top(session, query, replace(span, end=edge), order, count)
    recent = replace(span, start=edge)
    least = found[-1].value if len(found) == count else None
    narrowed = _may_be_among(session, replace(query, period=recent), order, least)
    found += _top(session, query, recent, order, count, narrowed)
    return sorted(found, key=lambda each: (-each.value, each.id))[window.offset : count]


def _span(session: Session, query: AiMetricsQuery) -> Period:
    """Return the part of a period that has such requests, from the rollups."""
    period = query.period
    if needs_raw_rows(session, query):
        return period
    first, last = read_sums(session, query, _ends)[0].values()
    if first is None:
        return replace(period, end=period.start)
    return replace(period, start=max(first, period.start), end=min(last + LONGEST_DAY, period.end))


def _top(
    session: Session,
    query: AiMetricsQuery,
    period: Period,
    order: RequestOrder,
    count: int,
    narrowed: ColumnElement[bool] | None = None,
) -> list[RankedRequest]:
    if period.start >= period.end:
        return []
    measure = MEASURES[order]
    wanted = [*matching_requests(query, period), measure.is_not(None)]
    if order is RequestOrder.SLOWEST:
        wanted.append(raw.c.status != RequestStatus.PENDING)
    if narrowed is not None:
        wanted.append(narrowed)
    page = (
        select(measure.label("value"), raw.c.id, raw.c.created_at)
        .where(*wanted)
        .order_by(measure.desc(), raw.c.id)
    )
    return [
        RankedRequest(Decimal(row.value), row.id, row.created_at)
        for row in session.execute(page.limit(count))
    ]


def _may_be_among(
    session: Session, query: AiMetricsQuery, order: RequestOrder, least: Decimal | None
) -> ColumnElement[bool] | None:
    """Return the condition for candidates when the last known one has the value `least`."""
    if least is None or query.period.start >= query.period.end:
        return None
    if order is RequestOrder.MOST_EXPENSIVE or needs_raw_rows(session, query):
        return MEASURES[order] >= least
    rows = read_sums(session, query, _latencies, step=Interval.HALF_HOUR)
    # One below: two logarithms may differ in their last digit
    lowest = max(bucket_of(float(least)) - 1 - LOWEST, 0)
    found = [row["at"] for row in rows if summed(row["latency"])[lowest:].any()]
    return or_(
        false(),
        *(and_(raw.c.created_at >= each, raw.c.created_at < each + HALF_HOUR) for each in found),
    )


def _ends(source: RollupSource) -> list[Label[Any]]:
    """Return when the first and the last row of sums begins that holds anything."""
    at, is_filled = source.rows.c.at, source.rows.c.requests > 0
    return [
        func.min(at).filter(is_filled).label("first"),
        func.max(at).filter(is_filled).label("last"),
    ]


def _latencies(source: RollupSource) -> list[Label[Any]]:
    return [source.packed("latency").label("latency")]
