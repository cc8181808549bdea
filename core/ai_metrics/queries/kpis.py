"""KPIs of AI requests, compared with the previous period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core.ai_metrics.queries.rollup_coverage import is_all_there
from core.ai_metrics.queries.rollup_sources import read_sums_and_total
from core.ai_metrics.queries.series import measured_series, volume_and_times
from core.ai_metrics.views import (
    AiMetricsQuery,
    Figures,
    Interval,
    LatencyBefore,
    LatencyPoint,
    VolumePoint,
)
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.presentation.comparison import (
    NOT_KNOWN,
    Kpi,
    Meaning,
    kpi,
    not_compared,
    of_level,
    of_rate,
)
from core.presentation.formatting import NONE, FigureUnit
from core.presentation.periods import DAY, Period, end_of_day

BY_THE_HOUR = 3 * DAY  # so long a period has too few days to compare, and is compared by the hour


@dataclass(frozen=True)
class ComparedPeriod:
    """The figures of a period in total and by day or hour."""

    period: Period
    figures: Figures
    times: LatencyBefore
    volume: list[VolumePoint]
    latency: list[LatencyPoint]
    first_token: list[LatencyPoint]

    @property
    def ended(self) -> int:
        """How many requests have ended."""
        return self.figures.total_requests - self.figures.pending_requests


@dataclass(frozen=True)
class AiRequestKpis:
    """The KPIs, and how many requests are in no sum of cost."""

    kpis: list[Kpi]
    unpriced_requests: int


def ai_request_kpis(session: Session, query: AiMetricsQuery, *, actor: Actor) -> list[Kpi]:
    """Return requests, latency, first token, errors, cost and tokens."""
    found = read_kpis(session, query, actor=actor).kpis
    # Of requests with one status or type of error there is no rate
    has_rate = query.status is None and query.error_type in (None, NONE)
    return [each for each in found if has_rate or each.name != "error_rate"]


def read_kpis(session: Session, query: AiMetricsQuery, *, actor: Actor) -> AiRequestKpis:
    """Return the same KPIs with the number of unpriced requests."""
    require(actor, Permission.WATCH)
    before = query.previous
    step = Interval.HOUR if query.period.end - query.period.start <= BY_THE_HOUR else Interval.DAY
    one, other = side(session, query, step), side(session, before, step)
    found = [
        _amount(one, other, "total_requests", ("requests", "Requests", FigureUnit.COUNT)),
        _latency(one, other),
        _first_token(one, other),
        _error_rate(one, other),
        _amount(one, other, "cost_usd", ("cost", "Cost", FigureUnit.MONEY), Meaning.BAD),
        _amount(one, other, "total_tokens", ("tokens", "Tokens", FigureUnit.COUNT)),
    ]
    # What retention has partly removed is not compared (docs/decisions/0018)
    found = found if is_all_there(session, before) else [not_compared(each) for each in found]
    return AiRequestKpis(found, one.figures.unpriced_requests)


def side(session: Session, query: AiMetricsQuery, step: Interval) -> ComparedPeriod:
    """Read one of the two periods; parts that are not over yet are left out."""

    def is_over(point: VolumePoint | LatencyPoint) -> bool:
        return _end(point.at, step, query.period.zone) <= min(clock.now(), query.period.end)

    found = measured_series(*read_sums_and_total(session, query, volume_and_times, step))
    volume = found.volume_series(query.period, step)
    times = found.latency_series(query.period, step)
    return ComparedPeriod(
        period=query.period,
        figures=found.figures,
        times=found.times,
        volume=[point for point in volume if is_over(point)],
        latency=[point for point in times.latency if is_over(point)],
        first_token=[point for point in times.first_token if is_over(point)],
    )


def _end(at: datetime, step: Interval, zone: str) -> datetime:
    return end_of_day(at, zone) if step is Interval.DAY else at + step.length


def _amount(
    one: ComparedPeriod,
    other: ComparedPeriod,
    figure: str,
    shown: tuple[str, str, FigureUnit],
    meaning: Meaning = Meaning.NEITHER,
) -> Kpi:
    """Compare an amount, which a figure of a period and of its days has under one name."""
    now, before = (_values(each.volume, figure) for each in (one, other))
    values = getattr(one.figures, figure), getattr(other.figures, figure)
    # Only for whole weeks: weekdays differ from weekends
    change = of_level(now, before, meaning) if one.period.has_every_weekday else NOT_KNOWN
    return kpi(*shown, values, change, now)


def _latency(one: ComparedPeriod, other: ComparedPeriod) -> Kpi:
    now, before = (_values(each.latency, "p95") for each in (one, other))
    values = one.figures.p95_latency_ms, other.figures.p95_latency_ms
    change = of_level(now, before, Meaning.BAD)
    return kpi("p95_latency", "p95 latency", FigureUnit.DURATION, values, change, now)


def _first_token(one: ComparedPeriod, other: ComparedPeriod) -> Kpi:
    now, before = (_values(each.first_token, "p95") for each in (one, other))
    values = one.times.first_token.p95, other.times.first_token.p95
    change = of_level(now, before, Meaning.BAD)
    return kpi("p95_first_token", "p95 first token", FigureUnit.DURATION, values, change, now)


def _error_rate(one: ComparedPeriod, other: ComparedPeriod) -> Kpi:
    now, before = ((each.figures.error_count, each.ended) for each in (one, other))
    pairs = zip(one.volume, other.volume, strict=False)
    parts = [(_failed(current), _failed(previous)) for current, previous in pairs]
    values = one.figures.error_rate, other.figures.error_rate
    change = of_rate(now, before, Meaning.BAD, parts)
    course = [each.error_rate for each in one.volume]
    return kpi("error_rate", "Error rate", FigureUnit.SHARE, values, change, course)


def _failed(point: VolumePoint) -> tuple[int, int]:
    return point.error_count, point.total_requests - point.pending_requests


def _values(points: Sequence[VolumePoint | LatencyPoint], name: str) -> list[float | None]:
    found = (getattr(each, name) for each in points)
    return [None if value is None else float(value) for value in found]
