"""AI requests broken down by a dimension, beside the previous period."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Label
from sqlalchemy.orm import Session

from core.ai_metrics.breakdown_views import (
    Breakdown,
    BreakdownDimension,
    BreakdownMeasure,
    BreakdownPart,
)
from core.ai_metrics.queries.by_dimension import Row, read_series_by_value
from core.ai_metrics.queries.conditions import PLAIN
from core.ai_metrics.queries.intervals import chosen, points
from core.ai_metrics.queries.rollup_coverage import is_all_there
from core.ai_metrics.queries.rollup_sources import RollupSource, times_of
from core.ai_metrics.schemas import RequestStatus
from core.ai_metrics.views import AiMetricsQuery, Interval
from core.cache.large_workspaces import cached_if_large
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation.periods import Period
from core.statistics.rates import rate

MOST_PARTS = 5  # as many as the palette has colours beside that of all others
P95 = (0.95,)
NAMES = (
    *("requests", "ended", "errors", "unpriced", "priced"),
    *("total_tokens", "cost_nano", "latency"),
)
OTHER = object()  # the key of the values that have no part of their own


@dataclass
class BreakdownSums:
    """Sums of requests, in total and by the start of each interval."""

    whole: dict[str, Any]
    by_interval: dict[datetime, dict[str, Any]]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "BreakdownSums":
        found = cls(defaultdict(int), defaultdict(lambda: defaultdict(int)))
        for row in rows:
            for sums in (found.whole, found.by_interval[row["at"]]):
                for name in NAMES:
                    if name in row:
                        sums[name] = sums[name] + row[name]
        return found

    def figure(self, measure: BreakdownMeasure, among: "BreakdownSums") -> float | None:
        """Return the measure of all; a rate is of the ended requests `among` them."""
        return figure_of(self.whole, measure, among.whole)

    def series(
        self, measure: BreakdownMeasure, among: "BreakdownSums", at: Sequence[datetime]
    ) -> list[float | None]:
        """Return the measure by interval; None where there is nothing to measure."""
        nothing: dict[str, Any] = defaultdict(int)
        return [
            figure_of(
                self.by_interval.get(each, nothing), measure, among.by_interval.get(each, nothing)
            )
            for each in at
        ]


def figure_of(
    sums: Mapping[str, Any], measure: BreakdownMeasure, among: Mapping[str, Any]
) -> float | None:
    """Return a measure of sums; a rate is of the ended requests of `among`.

    Requests of which none has a price have no cost, which is not a cost of 0.
    """
    if measure is BreakdownMeasure.LATENCY:
        counts = sums["latency"]
        return times_of(counts, P95)[0] if sums["requests"] and counts.any() else None
    if measure is BreakdownMeasure.ERROR_RATE:
        return rate(sums["errors"], among["ended"])
    if measure is BreakdownMeasure.COST:
        # Older rollups do not count priced requests; where they have a cost, there were some
        is_known = sums["priced"] or sums["cost_nano"] or not sums["unpriced"]
        return float(sums["cost_nano"]) / 1e9 if is_known else None
    return float(sums["total_tokens" if measure is BreakdownMeasure.TOKENS else measure.value])


def break_down(
    session: Session,
    asked: AiMetricsQuery,
    dimension: BreakdownDimension,
    measure: BreakdownMeasure,
    interval: Interval | None = None,
    *,
    actor: Actor,
) -> Breakdown:
    """Return a measure by the values of a dimension, now and in the previous period; raise
    TooFine.

    Rollups answer it, except for filters that these do not have (by_dimension.py).
    """
    require(actor, Permission.WATCH)
    step = chosen(asked.period, interval)
    before = asked.previous

    def read(query: AiMetricsQuery) -> list[Row]:
        return cached_if_large(
            session,
            ("breakdown", query, dimension, measure, step),
            partial(read_rows, session, query, dimension, measure, step),
        )

    # What retention has partly removed is not compared (docs/decisions/0018)
    is_compared = is_all_there(session, before, None if dimension in PLAIN else dimension)
    rows, earlier = read(asked), read(before) if is_compared else []
    return _Comparison(dimension, measure, rows, earlier).view(asked.period, before.period, step)


def read_rows(
    session: Session,
    query: AiMetricsQuery,
    dimension: BreakdownDimension,
    measure: BreakdownMeasure,
    step: Interval,
) -> list[Row]:
    """Return sums by value and interval."""
    columns = latencies if measure is BreakdownMeasure.LATENCY else volumes
    rows = read_series_by_value(session, query, columns, dimension, step)
    return [row | {"ended": row["requests"] - row["pending"]} for row in rows]


def volumes(source: RollupSource) -> list[Label[Any]]:
    """Return the columns of all measures but latency."""
    pending = source.total("requests", status=RequestStatus.PENDING)
    errors = source.total("requests", status=RequestStatus.ERROR)
    totals = ("requests", "unpriced", "priced", "total_tokens", "cost_nano")
    named = {name: source.total(name) for name in totals} | {"pending": pending, "errors": errors}
    return [column.label(name) for name, column in named.items()]


def latencies(source: RollupSource) -> list[Label[Any]]:
    """Return the columns of latency: histograms, because only these add up to that of others."""
    return [*volumes(source), source.packed("latency").label("latency")]


@dataclass(frozen=True)
class _Comparison:
    """The rows of a period and of the one before."""

    dimension: BreakdownDimension
    measure: BreakdownMeasure
    rows: list[Row]
    earlier: list[Row]

    def view(self, period: Period, before: Period, step: Interval) -> Breakdown:
        total, previous = BreakdownSums.of(self.rows), BreakdownSums.of(self.earlier)
        at = points(period, step, total.by_interval)
        at_before = points(before, step, previous.by_interval)[: len(at)]
        earlier = previous.series(self.measure, previous, at_before)
        return Breakdown(
            start=period.start,
            end=period.end,
            previous_start=before.start,
            previous_end=before.end,
            interval=step,
            dimension=self.dimension,
            measure=self.measure,
            unit=self.measure.unit,
            at=at,
            figure=total.figure(self.measure, total),
            previous=previous.figure(self.measure, previous) if self.earlier else None,
            series=total.series(self.measure, total, at),
            previous_series=[*earlier, *([None] * (len(at) - len(earlier)))],
            parts=self._parts(at, total, previous),
        )

    def _parts(
        self, at: list[datetime], total: BreakdownSums, previous: BreakdownSums
    ) -> list[BreakdownPart]:
        sums, before = self._by_value(self.rows), self._by_value(self.earlier)
        weights = {
            value: (
                _weight(sums.get(value), self.measure),
                _weight(before.get(value), self.measure),
            )
            for value in {*sums, *before}
        }
        shown = [value for value, each in weights.items() if self._is_part(each)]
        shown.sort(key=lambda value: (*(-each for each in weights[value]), value or ""))
        others = set(shown[MOST_PARTS:])
        if len(others) == 1:  # alone it is shown under its name
            others = set()
        keys: list[Any] = [value for value in shown if value not in others]
        if others:
            keys.append(OTHER)
            sums, before = (_joined(each, others) for each in (sums, before))
        return [self._part(key, sums, before, at, (total, previous)) for key in keys]

    def _is_part(self, weights: tuple[float, float]) -> bool:
        """Whether it is one of the parts: requests that succeeded are no type of error."""
        is_of_errors = self.measure in (BreakdownMeasure.ERRORS, BreakdownMeasure.ERROR_RATE)
        is_type = self.dimension is BreakdownDimension.ERROR_TYPE
        return any(weights) or not (is_of_errors and is_type)

    def _by_value(self, rows: Sequence[Row]) -> dict[Any, BreakdownSums]:
        by_value = defaultdict[Any, list[Row]](list)
        for row in rows:
            by_value[row["value"]].append(row)
        return {value: BreakdownSums.of(each) for value, each in by_value.items()}

    def _part(
        self,
        key: Any,  # noqa: ANN401  a value or OTHER
        sums: Mapping[Any, BreakdownSums],
        before: Mapping[Any, BreakdownSums],
        at: list[datetime],
        totals: tuple[BreakdownSums, BreakdownSums],
    ) -> BreakdownPart:
        nothing = BreakdownSums.of(())
        now, then = sums.get(key, nothing), before.get(key, nothing)
        is_type = self.dimension is BreakdownDimension.ERROR_TYPE
        # All requests with a type of error failed: their rate is of all requests
        among, among_before = totals if is_type else (now, then)
        return BreakdownPart(
            value=None if key is OTHER else key,
            is_other=key is OTHER,
            requests=now.whole["requests"],
            previous_requests=then.whole["requests"],
            figure=now.figure(self.measure, among),
            previous=then.figure(self.measure, among_before) if self.earlier else None,
            share_of_change=self._share_of_change((now, then), totals),
            series=now.series(self.measure, among, at),
        )

    def _share_of_change(
        self, sums: tuple[BreakdownSums, BreakdownSums], totals: tuple[BreakdownSums, BreakdownSums]
    ) -> float | None:
        """Return which part of the total's change comes from a part; None where it has none.

        Rates add up as errors of the part over the ended requests of all.
        """
        if self.measure is BreakdownMeasure.LATENCY or not self.earlier:
            return None
        part, whole = (
            [each.figure(self.measure, among) for each, among in zip(pair, totals, strict=True)]
            for pair in (sums, totals)
        )
        if None in (*part, *whole):
            return None
        change = (whole[0] or 0) - (whole[1] or 0)
        return ((part[0] or 0) - (part[1] or 0)) / change if change else None


def _weight(sums: BreakdownSums | None, measure: BreakdownMeasure) -> float:
    """Return what parts are ordered by: a rate by its errors, a percentile by its requests."""
    if sums is None:
        return 0.0
    counted = {"error_rate": "errors", "latency": "requests"}.get(measure.value)
    if counted is not None:
        return float(sums.whole[counted])
    return figure_of(sums.whole, measure, sums.whole) or 0.0


def _joined(sums: Mapping[Any, BreakdownSums], others: set[Any]) -> dict[Any, BreakdownSums]:
    """Return sums by value, with those of `others` added up as OTHER."""
    joined = BreakdownSums.of(
        row | {"at": at}
        for value in others & sums.keys()
        for at, row in sums[value].by_interval.items()
    )
    return {value: each for value, each in sums.items() if value not in others} | {OTHER: joined}
