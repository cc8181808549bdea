"""Figures of AI requests over time: latency, tokens and cost."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, RowMapping, func, literal, select
from sqlalchemy.orm import Session

from core import clock, memo
from core.ai_metrics.answers import (
    Asked,
    Interval,
    Latency,
    LatencyBefore,
    LatencyPoint,
    ModelVolume,
    Percentiles,
    Tokens,
    VolumePoint,
)
from core.ai_metrics.bars import bars
from core.ai_metrics.errors import TooFine
from core.ai_metrics.figures import Measures, by_model, mean, volume, volume_measures, volume_of
from core.ai_metrics.sources import Source, Timing, source, times_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.periods import DAY, HALF_HOUR, Period, day_of, midnight

MOST_POINTS, MANY_POINTS = 2000, 400
TIMINGS: tuple[Timing, ...] = ("latency", "first_token")
TimesByInterval = dict[datetime, dict[Timing, dict[str, Any]]]
RANKS = (0.5, 0.75, 0.9, 0.95, 0.99)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class LatencySeries:
    """How long requests took to their end and to their first token, over time."""

    latency: list[LatencyPoint]
    first_token: list[LatencyPoint]


def latency(session: Session, asked: Asked, interval: Interval | None = None, *, actor: Actor) -> Latency:
    """Return how long requests took: all together, over time and as a histogram. Raises TooFine."""
    require(actor, Permission.WATCH)
    step = chosen(asked.period, interval)
    series = latency_series(session, asked, step)
    return Latency(
        **both(session, asked).model_dump(),
        start=asked.period.start,
        end=asked.period.end,
        interval=step,
        series=series.latency,
        first_token_series=series.first_token,
        histogram=bars(session, asked),
        previous=both(session, asked.previous),
    )


def both(session: Session, asked: Asked) -> LatencyBefore:
    """Return the percentiles of a period."""
    given = source(asked)
    row = session.execute(select(*_timings(given))).mappings().one()
    return LatencyBefore(
        overall=Percentiles(**_percentiles(row, "latency")), first_token=Percentiles(**_percentiles(row, "first_token"))
    )


def latency_series(session: Session, asked: Asked, step: Interval) -> LatencySeries:
    """Return the percentiles of each interval, empty ones too; very many of days that are over may be a minute old."""
    period, today = asked.period, midnight(day_of(clock.now(), asked.period.zone), asked.period.zone)
    until = min(max(today, period.start), period.end)
    if step.is_of_days or (until - period.start) / step.length < MANY_POINTS:
        found = _times_by_interval(session, asked, step)
    else:
        past, rest = (replace(asked, period=each) for each in (replace(period, end=until), replace(period, start=until)))
        found = memo.kept(("latency", past, step), lambda: _times_by_interval(session, past, step))
        found = found | (_times_by_interval(session, rest, step) if until < period.end else {})
    at = points(period, step, found)
    return LatencySeries(_course(found, at, "latency"), _course(found, at, "first_token"))


def _times_by_interval(session: Session, asked: Asked, step: Interval) -> TimesByInterval:
    return {
        row["at"]: {timing: _percentiles(row, timing) for timing in TIMINGS}
        for row in by_interval(session, asked, step, _timings)
    }


def tokens(session: Session, asked: Asked, interval: Interval | None = None, *, actor: Actor) -> Tokens:
    """Return what requests took and cost: all together, over time and by model. Raises TooFine."""
    require(actor, Permission.WATCH)
    step = chosen(asked.period, interval)
    return Tokens(
        **volume(session, asked).model_dump(),
        start=asked.period.start,
        end=asked.period.end,
        interval=step,
        series=volume_series(session, asked, step),
        models=volume_by_model(session, asked),
        previous=volume(session, asked.previous),
    )


def volume_series(session: Session, asked: Asked, step: Interval) -> list[VolumePoint]:
    """Return the volume of each interval, empty ones too."""
    found = {row["at"]: volume_of(row) for row in by_interval(session, asked, step, volume_measures)}
    return [VolumePoint(at=each, **found.get(each, _NO_VOLUME)) for each in points(asked.period, step, found)]


def volume_by_model(session: Session, asked: Asked) -> list[ModelVolume]:
    """Return the volume of each model, the most tokens first."""
    rows = by_model(session, asked, volume_measures)
    found = [ModelVolume(provider=row["provider"], model=row["model"], **volume_of(row)) for row in rows]
    return sorted(found, key=lambda each: (-each.total_tokens, -each.total_requests, each.provider, each.model))


def by_interval(session: Session, asked: Asked, step: Interval, measures: Measures) -> Sequence[RowMapping]:
    """Return measures of each interval in which there is anything, by when it begins: `at`."""
    given = source(asked, by_day=step.is_of_days)
    at = bucket(given, step, asked.period.zone).label("at")
    return session.execute(select(at, *measures(given)).group_by(at)).mappings().all()


def chosen(period: Period, interval: Interval | None) -> Interval:
    """Return the interval of a series: the one that is wanted, else one that makes a chart. Raises TooFine."""
    length = period.end - period.start
    if interval is None:
        short = Interval.HALF_HOUR if length <= DAY else Interval.HOUR if length <= 7 * DAY else Interval.DAY
        return short if length <= MANY_POINTS * DAY else Interval.WEEK
    if not interval.is_of_days and length / interval.length > MOST_POINTS:
        raise TooFine
    return interval


def bucket(given: Source, step: Interval, zone: str) -> ColumnElement[datetime]:
    """Return when the interval of a row begins."""
    if step is Interval.HALF_HOUR:
        return func.date_bin(HALF_HOUR, given.rows.c.at, literal(EPOCH))
    return func.date_trunc(step.value, given.rows.c.at, zone)


def points(period: Period, step: Interval, found: Mapping[datetime, object]) -> list[datetime]:
    """Return when the intervals of a period begin, and any other that something was found in."""
    if step is Interval.DAY:
        return sorted({*found, *(midnight(day, period.zone) for day in period.days)})
    if step is Interval.WEEK:
        return sorted({*found, *(midnight(day, period.zone) for day in {day - day.weekday() * DAY for day in period.days})})
    shift = period.start.astimezone(ZoneInfo(period.zone)).utcoffset()
    assert shift is not None  # noqa: S101  the zone is known
    first = period.start - (period.start + shift - EPOCH) % step.length
    count = -((first - period.end) // step.length)
    return sorted({*found, *(first + number * step.length for number in range(count))})


_NO_VOLUME = volume_of(defaultdict(int))
_NOTHING: dict[str, Any] = {"requests": 0, "avg": None} | {f"p{rank * 100:.0f}": None for rank in RANKS}


def _course(found: TimesByInterval, at: Sequence[datetime], timing: Timing) -> list[LatencyPoint]:
    return [LatencyPoint(at=each, **(found[each][timing] if each in found else _NOTHING)) for each in at]


def _timings(given: Source) -> list[ColumnElement[Any]]:
    return [*_timing(given, "latency"), *_timing(given, "first_token")]


def _timing(given: Source, timing: Timing) -> list[ColumnElement[Any]]:
    count, total = ("latencies", "latency_ms") if timing == "latency" else ("first_tokens", "first_token_ms")
    counted = given.timed(count).label(f"{timing}_count")
    return [counted, given.timed(total).label(f"{timing}_total"), given.times(timing, RANKS).label(timing)]


def _percentiles(row: RowMapping, timing: Timing) -> dict[str, Any]:
    count = row[f"{timing}_count"]
    named = {f"p{rank * 100:.0f}": value for rank, value in zip(RANKS, times_of(row[timing], RANKS), strict=True)}
    return {"requests": count, "avg": mean(row[f"{timing}_total"], count), **named}
