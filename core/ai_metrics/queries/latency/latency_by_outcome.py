"""Latency of succeeded and of failed requests apart: a timeout says how long one waits, not how
fast answers are.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Label
from sqlalchemy.orm import Session

from core.ai_metrics.breakdown_views import LatencyByOutcome
from core.ai_metrics.queries.by_dimension import Row, read_series_by_value
from core.ai_metrics.queries.figures import mean
from core.ai_metrics.queries.intervals import chosen, points
from core.ai_metrics.queries.latency.percentiles import HIGHEST, LOWEST
from core.ai_metrics.queries.rollup_sources import RollupSource, times_of
from core.ai_metrics.schemas import RequestStatus
from core.ai_metrics.views import AiMetricsQuery, Interval, LatencyPoint, Percentiles
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor

RANKS = (0.5, 0.75, 0.9, 0.95, 0.99)


def latency_by_outcome(
    session: Session, query: AiMetricsQuery, interval: Interval | None = None, *, actor: Actor
) -> LatencyByOutcome:
    """Return the latency of succeeded and of failed requests over time; raise TooFine."""
    require(actor, Permission.WATCH)
    step = chosen(query.period, interval)
    rows = read_series_by_value(session, query, outcome_times, "status", step)
    succeeded, failed = (
        {row["at"]: row for row in rows if row["value"] == status}
        for status in (RequestStatus.OK, RequestStatus.ERROR)
    )
    at = points(query.period, step, {row["at"]: row for row in rows})
    return LatencyByOutcome(
        start=query.period.start,
        end=query.period.end,
        interval=step,
        overall=Percentiles(**_percentiles(list(succeeded.values()))),
        overall_failed=Percentiles(**_percentiles(list(failed.values()))),
        succeeded=_series(succeeded, at),
        failed=_series(failed, at),
    )


def outcome_times(source: RollupSource) -> list[Label[Any]]:
    """Return the columns of latency by status; histograms, because only these add up."""
    return [
        source.total("requests").label("requests"),
        source.timed("latencies").label("count"),
        source.timed("latency_ms").label("total"),
        source.packed("latency").label("latency"),
    ]


def _series(rows: Mapping[datetime, Row], at: Sequence[datetime]) -> list[LatencyPoint]:
    return [
        LatencyPoint(at=each, **_percentiles([rows[each]] if each in rows else [])) for each in at
    ]


def _percentiles(rows: Sequence[Row]) -> dict[str, Any]:
    counts = sum((row["latency"] for row in rows), np.zeros(HIGHEST - LOWEST + 1, np.int64))
    count, total = (sum(row[name] for row in rows) for name in ("count", "total"))
    times = times_of(counts, RANKS) if count else [None] * len(RANKS)
    named = {f"p{rank * 100:.0f}": value for rank, value in zip(RANKS, times, strict=True)}
    return {"requests": count, "avg": mean(total, count), **named}
