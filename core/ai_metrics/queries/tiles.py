"""Key figures of AI requests, compared with the previous period."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from core.ai_metrics.answers import AiMetricsQuery, Figures, Interval, LatencyBefore, LatencyPoint, VolumePoint
from core.ai_metrics.queries.series import measure, volume_and_times
from core.database import settings
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.presentation.comparison import NOT_KNOWN, Change, Meaning, Tile, not_compared, of_level, of_rate, tile
from core.presentation.periods import DAY, Period, day_of, midnight
from core.presentation.words import FigureUnit

BY_THE_HOUR = 3 * DAY  # so long a period has too few days to compare, and is compared by the hour


@dataclass(frozen=True)
class ComparedPeriod:
    """What is compared: one period in figures and in parts."""

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
class KeyFigures:
    """The key figures, and how many requests are in no sum of cost."""

    tiles: list[Tile]
    unpriced_requests: int


def tiles(session: Session, asked: AiMetricsQuery, *, actor: Actor) -> list[Tile]:
    """Return requests, latency, first token, errors, cost and tokens."""
    return read_key_figures(session, asked, actor=actor).tiles


def read_key_figures(session: Session, asked: AiMetricsQuery, *, actor: Actor) -> KeyFigures:
    """Return the same with what their statements say besides."""
    require(actor, Permission.WATCH)
    before = replace(asked, period=asked.period.before(clock.now()))
    step = Interval.HOUR if asked.period.end - asked.period.start <= BY_THE_HOUR else Interval.DAY
    one, other = side(session, asked, step), side(session, before, step)
    found = [
        _requests(one, other),
        _latency(one, other),
        _first_token(one, other),
        _error_rate(one, other),
        _cost(one, other),
        _tokens(one, other),
    ]
    found = found if _is_all_there(session, before) else [not_compared(each) for each in found]
    return KeyFigures(found, one.figures.unpriced_requests)


def _is_all_there(session: Session, asked: AiMetricsQuery) -> bool:
    """Whether a period can be counted: raw rows, where filters ask for these, go before rollups do."""
    return not asked.needs_rows or settings.read(session, settings.Sealed).has_all(asked.period.start, "ai_request_metrics")


def side(session: Session, asked: AiMetricsQuery, step: Interval) -> ComparedPeriod:
    """Read one of the two periods; parts that are not over yet are left out."""

    def is_over(point: VolumePoint | LatencyPoint) -> bool:
        return _end(point.at, step, asked.period.zone) <= min(clock.now(), asked.period.end)

    found = measure(session, asked, step, volume_and_times)
    volume, times = found.volume_series(asked.period, step), found.latency_series(asked.period, step)
    return ComparedPeriod(
        period=asked.period,
        figures=found.figures,
        times=found.times,
        volume=[point for point in volume if is_over(point)],
        latency=[point for point in times.latency if is_over(point)],
        first_token=[point for point in times.first_token if is_over(point)],
    )


def _end(at: datetime, step: Interval, zone: str) -> datetime:
    """Return when the interval ends that begins then: days on which clocks change are shorter or longer than others."""
    return midnight(day_of(at, zone) + DAY, zone) if step is Interval.DAY else at + step.length


def _requests(one: ComparedPeriod, other: ComparedPeriod) -> Tile:
    now, before = [_float(each.total_requests) for each in one.volume], [_float(each.total_requests) for each in other.volume]
    values = one.figures.total_requests, other.figures.total_requests
    return tile("requests", "Requests", FigureUnit.COUNT, values, _of_traffic(one, now, before, Meaning.NEITHER), now)


def _latency(one: ComparedPeriod, other: ComparedPeriod) -> Tile:
    now, before = [_float(each.p95) for each in one.latency], [_float(each.p95) for each in other.latency]
    values = one.figures.p95_latency_ms, other.figures.p95_latency_ms
    return tile("p95_latency", "p95 latency", FigureUnit.DURATION, values, of_level(now, before, Meaning.BAD), now)


def _first_token(one: ComparedPeriod, other: ComparedPeriod) -> Tile:
    now, before = [_float(each.p95) for each in one.first_token], [_float(each.p95) for each in other.first_token]
    values = one.times.first_token.p95, other.times.first_token.p95
    return tile("p95_first_token", "p95 first token", FigureUnit.DURATION, values, of_level(now, before, Meaning.BAD), now)


def _error_rate(one: ComparedPeriod, other: ComparedPeriod) -> Tile:
    now, before = ((each.figures.error_count, each.ended) for each in (one, other))
    parts = [(_failed(each), _failed(beside)) for each, beside in zip(one.volume, other.volume, strict=False)]
    values = one.figures.error_rate, other.figures.error_rate
    change = of_rate(now, before, Meaning.BAD, parts)
    return tile("error_rate", "Error rate", FigureUnit.SHARE, values, change, [each.error_rate for each in one.volume])


def _cost(one: ComparedPeriod, other: ComparedPeriod) -> Tile:
    now, before = ([_float(each.cost_usd) for each in side.volume] for side in (one, other))
    values = one.figures.cost_usd, other.figures.cost_usd
    return tile("cost", "Cost", FigureUnit.MONEY, values, _of_traffic(one, now, before, Meaning.BAD), now)


def _tokens(one: ComparedPeriod, other: ComparedPeriod) -> Tile:
    now, before = [_float(each.total_tokens) for each in one.volume], [_float(each.total_tokens) for each in other.volume]
    values = one.figures.total_tokens, other.figures.total_tokens
    return tile("tokens", "Tokens", FigureUnit.COUNT, values, _of_traffic(one, now, before, Meaning.NEITHER), now)


def _of_traffic(one: ComparedPeriod, now: list[float | None], before: list[float | None], meaning: Meaning) -> Change:
    """Judge what follows how much is asked: on Mondays that is more than on Sundays, which is no news."""
    return of_level(now, before, meaning) if one.period.has_every_weekday else NOT_KNOWN


def _failed(point: VolumePoint) -> tuple[int, int]:
    return point.error_count, point.total_requests - point.pending_requests


def _float(given: int | Decimal | None) -> float | None:
    return float(given) if given is not None else None
