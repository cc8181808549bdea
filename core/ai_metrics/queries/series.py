"""Figures of AI requests over time: latency, tokens and cost."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Label
from sqlalchemy.orm import Session

from core.ai_metrics.queries.figures import by_model, mean, volume, volume_measures, volume_of
from core.ai_metrics.queries.intervals import chosen, points
from core.ai_metrics.queries.latency.latency_bars import bars, buckets_of, exact_buckets
from core.ai_metrics.queries.latency.percentiles import quantiles_each, summed, summed_each
from core.ai_metrics.queries.rollup_coverage import is_all_there
from core.ai_metrics.queries.rollup_sources import (
    TIMINGS,
    RollupSource,
    Timing,
    read_sums,
    read_sums_and_total,
    times_of,
)
from core.ai_metrics.views import (
    AiMetricsQuery,
    Figures,
    Interval,
    Latency,
    LatencyBar,
    LatencyBefore,
    LatencyPoint,
    ModelVolume,
    Percentiles,
    Tokens,
    VolumePoint,
)
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation.periods import Period

RANKS = (0.5, 0.75, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class LatencySeries:
    """Percentiles of latency and time to first token over time."""

    latency: list[LatencyPoint]
    first_token: list[LatencyPoint]


@dataclass(frozen=True)
class MeasuredSeries:
    """Measures by the start of each non-empty interval, and of the whole period."""

    by_interval: dict[datetime, dict[str, Any]]
    whole: dict[str, Any]

    def latency_series(self, period: Period, step: Interval) -> LatencySeries:
        """Return the percentiles of each interval, empty ones too."""
        at = points(period, step, self.by_interval)
        return LatencySeries(*(self._course(at, timing) for timing in TIMINGS))

    def volume_series(self, period: Period, step: Interval) -> list[VolumePoint]:
        """Return the volume of each interval, empty ones too."""
        return _volume_points(
            period, step, {at: volume_of(row) for at, row in self.by_interval.items()}
        )

    @property
    def times(self) -> LatencyBefore:
        """The percentiles of all together."""
        overall, first_token = (
            Percentiles(**_percentiles(self.whole, timing)) for timing in TIMINGS
        )
        return LatencyBefore(overall=overall, first_token=first_token)

    @property
    def figures(self) -> Figures:
        """The figures of all together."""
        overall, first_token = (_percentiles(self.whole, timing) for timing in TIMINGS)
        latencies = {f"{name}_latency_ms": overall[name] for name in ("avg", "p50", "p95", "p99")}
        return Figures(**volume_of(self.whole), **latencies, avg_first_token_ms=first_token["avg"])

    def _course(self, at: Sequence[datetime], timing: Timing) -> list[LatencyPoint]:
        found = {each: _percentiles(row, timing) for each, row in self.by_interval.items()}
        return [LatencyPoint(at=each, **found.get(each, _NOTHING)) for each in at]


def measured_series(rows: list[dict[str, Any]], whole: dict[str, Any] | None) -> MeasuredSeries:
    """Return measures from read_sums_and_total(); without a total, histograms are added up."""
    if whole is not None:
        return MeasuredSeries({row["at"]: row for row in rows}, whole)
    counts = {timing: summed_each([row[timing] for row in rows]) for timing in TIMINGS}
    names = [name for name in rows[0] if name not in ("at", *TIMINGS)] if rows else []
    sums: dict[str, Any] = defaultdict(
        int, {name: sum(row[name] for row in rows) for name in names}
    )
    for timing in TIMINGS:
        for row, times in zip(rows, quantiles_each(counts[timing], RANKS), strict=True):
            row[timing] = times
    return MeasuredSeries(
        {row["at"]: row for row in rows},
        sums | {timing: counts[timing].sum(axis=0) for timing in TIMINGS},
    )


def latency(
    session: Session, query: AiMetricsQuery, interval: Interval | None = None, *, actor: Actor
) -> Latency:
    """Return latency in total, over time and as a histogram; raise TooFine."""
    require(actor, Permission.WATCH)
    step = chosen(query.period, interval)
    found = measured_series(*read_sums_and_total(session, query, timings, step))
    series = found.latency_series(query.period, step)
    return Latency(
        **found.times.model_dump(),
        start=query.period.start,
        end=query.period.end,
        interval=step,
        series=series.latency,
        first_token_series=series.first_token,
        histogram=_histogram(session, query, found.whole["latency"]),
        previous=percentiles_before(session, query.previous),
        is_previous_whole=is_all_there(session, query.previous),
    )


def latency_histogram(session: Session, query: AiMetricsQuery) -> list[LatencyBar]:
    """Return the histogram of a period's latencies, as `latency` has it."""
    # Rollups give the sums packed as bytes, raw rows give percentiles
    times = read_sums(session, query, timings)[0]["latency"]
    return _histogram(session, query, summed(times) if isinstance(times, bytes) else times)


def _histogram(session: Session, query: AiMetricsQuery, times: object) -> list[LatencyBar]:
    # Of raw rows they are percentiles
    buckets = buckets_of(times) if isinstance(times, np.ndarray) else exact_buckets(session, query)
    return bars(buckets)


def percentiles_before(session: Session, query: AiMetricsQuery) -> LatencyBefore:
    """Return the percentiles of a period."""
    row = read_sums(session, query, timings)[0]
    overall, first_token = (Percentiles(**_percentiles(row, timing)) for timing in TIMINGS)
    return LatencyBefore(overall=overall, first_token=first_token)


def latency_series(session: Session, query: AiMetricsQuery, step: Interval) -> LatencySeries:
    """Return the percentiles of each interval, empty ones too."""
    rows, whole = read_sums_and_total(session, query, timings, step)
    return measured_series(rows, whole).latency_series(query.period, step)


def tokens(
    session: Session, query: AiMetricsQuery, interval: Interval | None = None, *, actor: Actor
) -> Tokens:
    """Return tokens and cost in total, over time and by model; raise TooFine."""
    require(actor, Permission.WATCH)
    step = chosen(query.period, interval)
    return Tokens(
        **volume(session, query).model_dump(),
        start=query.period.start,
        end=query.period.end,
        interval=step,
        series=volume_series(session, query, step),
        models=volume_by_model(session, query),
        previous=volume(session, query.previous),
        is_previous_whole=is_all_there(session, query.previous),
    )


def volume_series(session: Session, query: AiMetricsQuery, step: Interval) -> list[VolumePoint]:
    """Return the volume of each interval, empty ones too."""
    found = {
        row["at"]: volume_of(row) for row in read_sums(session, query, volume_measures, step=step)
    }
    return _volume_points(query.period, step, found)


def volume_by_model(session: Session, query: AiMetricsQuery) -> list[ModelVolume]:
    """Return the volume of each model, the most tokens first."""
    rows = by_model(session, query, volume_measures)
    found = [
        ModelVolume(provider=row["provider"], model=row["model"], **volume_of(row)) for row in rows
    ]
    return sorted(
        found,
        key=lambda each: (-each.total_tokens, -each.total_requests, each.provider, each.model),
    )


_NO_VOLUME = volume_of(defaultdict(int))
_NOTHING: dict[str, Any] = {"requests": 0, "avg": None} | {
    f"p{rank * 100:.0f}": None for rank in RANKS
}


def _volume_points(
    period: Period, step: Interval, found: Mapping[datetime, dict[str, Any]]
) -> list[VolumePoint]:
    return [
        VolumePoint(at=each, **found.get(each, _NO_VOLUME)) for each in points(period, step, found)
    ]


def volume_and_times(source: RollupSource) -> list[Label[Any]]:
    """Return the columns of a measure of volume and times."""
    return [*volume_measures(source), *timings(source)]


def timings(source: RollupSource) -> list[Label[Any]]:
    """Return the columns of a measure of times."""
    return [*_timing(source, "latency"), *_timing(source, "first_token")]


def _timing(source: RollupSource, timing: Timing) -> list[Label[Any]]:
    count, total = (
        ("latencies", "latency_ms") if timing == "latency" else ("first_tokens", "first_token_ms")
    )
    counted = source.timed(count).label(f"{timing}_count")
    return [
        counted,
        source.timed(total).label(f"{timing}_total"),
        source.times(timing, RANKS).label(timing),
    ]


def _percentiles(row: Mapping[str, Any], timing: Timing) -> dict[str, Any]:
    count = row[f"{timing}_count"]
    named = {
        f"p{rank * 100:.0f}": value
        for rank, value in zip(RANKS, times_of(row[timing], RANKS), strict=True)
    }
    return {"requests": count, "avg": mean(row[f"{timing}_total"], count), **named}
