"""Where a change comes from: the model, release or prompt version, the first day, and errors."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from math import sqrt

from sqlalchemy.orm import Session

from core.activity.queries.funnels.conversion_drops import ConversionDrop
from core.ai_metrics.breakdown_charts import DIMENSIONS, change_of
from core.ai_metrics.breakdown_views import (
    Breakdown,
    BreakdownDimension,
    BreakdownMeasure,
    BreakdownPart,
)
from core.ai_metrics.queries.breakdown import break_down
from core.ai_metrics.views import AiMetricsQuery, Interval
from core.identity.schemas import Actor
from core.insights.queries.drop_off_errors import DropOffErrors, drop_off_errors
from core.insights.same_as_before import LEAST_REQUESTS, is_unfounded
from core.insights.schemas import CauseContribution, FindingCause, WatchScope
from core.platform import clock
from core.presentation import formatting
from core.presentation.formatting import FigureUnit
from core.presentation.periods import DAY, Period, day_of, end_of_day, midnight

# The measure that a finding's kind is about
MEASURES = {
    "cost": BreakdownMeasure.COST,
    "tokens": BreakdownMeasure.TOKENS,
    "requests": BreakdownMeasure.REQUESTS,
    "error_rate": BreakdownMeasure.ERROR_RATE,
    "errors": BreakdownMeasure.ERRORS,
    "p95_latency": BreakdownMeasure.LATENCY,
    "latency": BreakdownMeasure.LATENCY,
}
WHERE = (
    BreakdownDimension.MODEL,
    BreakdownDimension.RELEASE,
    BreakdownDimension.PROMPT_VERSION,
)
MOST_OF_IT = 0.5  # of the change: a value with less of it does not explain it
FEWEST_DAYS = 2  # on each side of the day of a change


def cause_of_change(
    session: Session, query: AiMetricsQuery, measure: BreakdownMeasure, *, actor: Actor
) -> FindingCause:
    """Return where a measure's change from the previous period comes from."""
    # Of two days, none can be said to be the first of a change
    interval = Interval.DAY if query.period.end - query.period.start > 2 * DAY else None
    # Where a model is chosen, all of the change comes from it
    where = list(WHERE if query.model is None else WHERE[1:])
    if measure in (BreakdownMeasure.ERRORS, BreakdownMeasure.ERROR_RATE):
        where.append(BreakdownDimension.ERROR_TYPE)
    found = [break_down(session, query, each, measure, interval, actor=actor) for each in where]
    first = _first_day(found[0], query.period) if interval else None
    since = replace(query, period=_since(query.period, first))

    def is_founded(one: CauseContribution, whole: Breakdown) -> bool:
        if one.dimension is BreakdownDimension.ERROR_TYPE:
            return True
        around = (
            break_down(session, since, one.dimension, measure, actor=actor)
            # Without a first day it is the whole period, which has been read already
            if since != query
            else whole
        )
        return not is_unfounded(one.value, around)

    named = [(one, each) for each in found if (one := _contribution(each)) is not None]
    contributions = [one for one, each in named if is_founded(one, each)]
    contributions.sort(key=lambda each: -(each.share_of_change or 0))
    return FindingCause(
        measure=measure,
        contributions=contributions,
        first_day=first
        or (day_of(query.period.start, query.period.zone) if not interval else None),
        summary=_summary(contributions, first, found[0].unit),
    )


def cause_of_drop(
    session: Session, drop: ConversionDrop, scope: WatchScope, *, actor: Actor
) -> FindingCause:
    """Return which share of those who dropped off met an error, and did before."""
    watched = replace(scope.watched, app=drop.app or scope.watched.app)
    zone = scope.period.zone
    until = max(min(drop.until, clock.now()), drop.at + DAY)
    now, before = (
        _of_step(drop_off_errors(session, period, watched, actor=actor), drop.step)
        for period in (
            Period(drop.at, until, zone),
            Period(drop.at - (until - drop.at), drop.at, zone),
        )
    )
    first = day_of(drop.at, zone)
    release = (
        [
            CauseContribution(
                dimension=BreakdownDimension.RELEASE,
                value=drop.release,
                before=drop.before,
                now=drop.rate,
                share_of_change=None,
            )
        ]
        if drop.release
        else []
    )
    return FindingCause(
        measure=None,
        contributions=release,
        first_day=first,
        error_share=now.error_share,
        previous_error_share=before.error_share,
        top_error=now.top_error,
        summary=" · ".join([*_errors_of_drop(now, before), f"since {first:%-d %b}"]),
    )


def _errors_of_drop(now: DropOffErrors, before: DropOffErrors) -> list[str]:
    """Say how many met an error; as many as before do not explain that more dropped off."""
    share, previous = now.error_share, before.error_share
    if share is None:
        return []
    since = f", previously {formatting.share(previous)}" if previous is not None else ""
    if share <= (previous or 0):
        return [f"not errors: {formatting.share(share)} of drop-offs met one{since}"]
    top = [f"most often {now.top_error}"] if now.top_error else []
    return [f"{formatting.share(share)} of drop-offs met an error{since}", *top]


def evidence_of(cause: FindingCause, *, is_of_model: bool) -> dict[str, str]:
    """Return the address that breaks the change down by what explains most of it."""
    if cause.measure is None:
        return {}
    first = BreakdownDimension.RELEASE if is_of_model else BreakdownDimension.MODEL
    if cause.contributions:
        first = cause.contributions[0].dimension
    return {"by": first.value, "measure": cause.measure.value}


def first_day_of_change(values: Sequence[tuple[datetime, float]], zone: str) -> date | None:
    """Return the day from which values differ most from those before; None of too few or of equal
    ones.

    Of ranks, so that one odd day is no change; their difference counts by the size of both sides
    (Pettitt 1979).
    """
    best, first = 0.0, None
    ranks = _ranks([value for _, value in values])
    total, before = sum(ranks), 0.0
    for number, ((at, _), rank) in enumerate(zip(values, ranks, strict=True)):
        rest = len(values) - number
        if number >= FEWEST_DAYS and rest >= FEWEST_DAYS:
            difference = (total - before) / rest - before / number
            weighted = abs(difference) * sqrt(number * rest / len(values))
            # Of days that differ as much, the first counts, however floats round
            if weighted > best * 1.000001:
                best, first = weighted, at
        before += rank
    return day_of(first, zone) if first is not None else None


def _ranks(values: Sequence[float]) -> list[float]:
    """Return the rank of each value, equal ones the mean of theirs."""
    return [
        sum(other < value for other in values) + sum(other == value for other in values) / 2
        for value in values
    ]


def _since(period: Period, first: date | None) -> Period:
    """Return the part of a period, or what it is longer by, since the first day of a change."""
    start = midnight(first, period.zone) if first is not None else period.start
    return replace(period, start=start)


def _first_day(found: Breakdown, period: Period) -> date | None:
    """Return the first day of a change within both periods, of days that are over."""
    # By the calendar: days on which clocks change have another length
    first = day_of(found.previous_start, period.zone)
    earlier = [
        (midnight(first + number * DAY, period.zone), value)
        for number, value in enumerate(found.previous_series)
    ]
    both, now = [*earlier, *zip(found.at, found.series, strict=True)], clock.now()
    over = [
        (at, value)
        for at, value in both
        if value is not None and end_of_day(at, period.zone) <= now
    ]
    return first_day_of_change(over, period.zone)


def _contribution(found: Breakdown) -> CauseContribution | None:
    """Return the value that most of a change comes from, unless there is but one."""
    named = [part for part in found.parts if part.value is not None]
    if len(found.parts) < 2 or not named:
        return None
    is_latency = found.measure is BreakdownMeasure.LATENCY
    part = _slowed(named, found) if is_latency else max(named, key=_share)
    if part is None or (not is_latency and _share(part) < MOST_OF_IT):
        return None
    return CauseContribution(
        dimension=found.dimension,
        value=part.value or "",
        before=part.previous,
        now=part.figure,
        share_of_change=part.share_of_change,
    )


def _share(part: BreakdownPart) -> float:
    return part.share_of_change or 0.0


def _slowed(parts: Sequence[BreakdownPart], found: Breakdown) -> BreakdownPart | None:
    """Return the value whose percentile rose most, beside its own or, when new, the whole one."""
    rises = {
        part.value: part.figure / before
        for part in parts
        if part.requests >= LEAST_REQUESTS
        and part.figure
        and (before := part.previous or found.previous)
    }
    slowed = max(rises, key=lambda value: rises[value], default=None)
    if slowed is None or rises[slowed] <= 1:
        return None
    return next(part for part in parts if part.value == slowed)


def _of_step(rows: Sequence[DropOffErrors], step: int) -> DropOffErrors:
    return next(each for each in rows if each.step == step)


def _summary(
    contributions: Sequence[CauseContribution], first: date | None, unit: FigureUnit
) -> str:
    parts = []
    for each in contributions:
        change = change_of(each.now, each.before, unit)
        share = f", {each.share_of_change:.0%} of the change" if each.share_of_change else ""
        parts.append(f"{DIMENSIONS[each.dimension]} {each.value} ({change}{share})")
    if first is not None:
        parts.append(f"since {first:%-d %b}")
    return " · ".join(parts)
