"""Hours in which a model was slower, or failed more often, than usual.

In two steps, so that a month of twenty models is read in days and only what stands out in hours:
1. Each day of each model is compared with all its other days: how many of its requests were slower
   than 95% of theirs, or failed, and how likely that is by chance. The level is 1%, divided by the
   number of days looked at (Bonferroni). Days that are incidents by this are then left out of the
   others' baseline, which several of them would raise until none is found.
2. The days that stand out are looked at by hour. An hour is part of an incident when at least a
   fifth of its requests was slow and its p95 half as long again as usual, or when its error rate is
   three times the usual one. Two such hours are one incident when at most an hour lies between
   them, or up to eleven hours with too few requests to say that all was well: a night. An incident
   may have begun on the day before, or go on into the day after.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

import numpy as np
from sqlalchemy.orm import Session

from core.ai_metrics.queries import model_intervals
from core.ai_metrics.queries.latency.percentiles import LOWEST, middle
from core.ai_metrics.queries.model_intervals import Counts, Key, ModelInterval
from core.ai_metrics.queries.rollup_coverage import needs_raw_rows
from core.ai_metrics.views import AiMetricsQuery, Interval
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.platform import clock
from core.presentation.periods import DAY, Period, day_of, midnight
from core.statistics.rates import chances_of_so_many

USUAL_DAYS = 14  # that is how far back it is known what is usual
LEVEL, LEVEL_OF_AN_HOUR = 0.01, 0.001
SLOW, LEAST_SLOW, LONGER = 0.05, 0.2, 1.5
TIMES_THE_ERRORS, LEAST_ERRORS = 3, 0.05
# Each model that stands out costs one more query, by the hour
FEWEST_USUAL, FEWEST_IN_AN_HOUR, MOST_LOOKED_AT = 100, 4, 4
HOUR, LONGEST_GAP = timedelta(hours=1), timedelta(hours=12)


class IncidentKind(StrEnum):
    """The kind of an incident."""

    SLOW = "slow"
    FAILING = "failing"


class Incident(View):
    """Some hours of one model: how many of its requests were slow or failed, and how it was then
    and is usually.

    `value` and `usual` are p95 in milliseconds of a slow one, error rates of a failing one.
    """

    trouble: IncidentKind
    provider: str
    model: str
    start: datetime
    end: datetime
    requests: int
    affected: int
    value: float
    usual: float


@dataclass(frozen=True)
class Baseline:
    """How a model is on its other days: the bucket that 95 % stay below, and its error rate."""

    p95_bucket: int
    error_rate: float


Days = dict[Key, list[tuple[ModelInterval, Baseline]]]
Test = Callable[[ModelInterval, Baseline], tuple[int, int, float]]


def incidents(session: Session, query: AiMetricsQuery, *, actor: Actor) -> list[Incident]:
    """Return incidents of a period, latest first; none for filters that rollups lack."""
    require(actor, Permission.WATCH)
    since = midnight(query.period.first_day - USUAL_DAYS * DAY, query.period.zone)
    whole = replace(
        query, period=Period(since, min(query.period.end, clock.now()), query.period.zone)
    )
    if needs_raw_rows(session, whole):
        return []
    slots = model_intervals.read(session, whole, Interval.DAY)
    found = [
        one
        for trouble, test in TESTS.items()
        for one in _found(session, query, _days(slots, trouble, test), trouble, test)
    ]
    return sorted(found, key=lambda each: each.start, reverse=True)


def _found(
    session: Session, query: AiMetricsQuery, days: Days, trouble: IncidentKind, test: Test
) -> Iterator[Incident]:
    for key, chosen, usual in _outstanding(days, query.period, test):
        days_chosen = {day_of(day.at, query.period.zone) for day in chosen}
        first, last = chosen[0].at - DAY, chosen[-1].at + 2 * DAY
        around = replace(
            query,
            period=Period(first, last, query.period.zone),
            provider=key[0] or None,
            model=key[1],
        )
        hours = model_intervals.read(session, around, Interval.HOUR).get(key, [])
        strange = {hour.at for hour in _outstanding_hours(hours, usual, trouble, test)}
        is_usual = partial(_is_usual, usual=usual, trouble=trouble, test=test)
        for run in _runs(hours, strange, is_usual):
            inside = [
                hour
                for hour in run
                if hour.at < query.period.end and hour.at + HOUR > query.period.start
            ]
            if any(day_of(hour.at, query.period.zone) in days_chosen for hour in inside):
                yield _incident(trouble, key, run, usual)


def _outstanding(
    days: Days, period: Period, test: Test
) -> list[tuple[Key, list[ModelInterval], Baseline]]:
    """Return the models with days that chance does not explain, and how they are usually."""
    looked_at = [
        (key, slot, usual)
        for key, slots in days.items()
        for slot, usual in slots
        if day_of(slot.at, period.zone) >= period.first_day and slot.requests
    ]
    chances = chances_of_so_many([test(slot, usual) for _, slot, usual in looked_at])
    level = LEVEL / max(len(looked_at), 1)
    found: dict[Key, list[tuple[float, ModelInterval, Baseline]]] = defaultdict(list)
    for chance, (key, slot, usual) in sorted(
        zip(chances, looked_at, strict=True), key=lambda each: each[0]
    ):
        if (
            chance < level
            and (key in found or len(found) < MOST_LOOKED_AT)
            and len(found[key]) < MOST_LOOKED_AT
        ):
            found[key].append((chance, slot, usual))
    return [
        (key, sorted((slot for _, slot, _ in each), key=lambda slot: slot.at), each[0][2])
        for key, each in found.items()
    ]


def _days(slots: dict[Key, list[ModelInterval]], trouble: IncidentKind, test: Test) -> Days:
    """Return the days of each model, beside its other days that were not incidents themselves."""
    return {
        key: list(_beside_usual(days, _normal_days(days, trouble, test)))
        for key, days in slots.items()
    }


def _normal_days(
    slots: Sequence[ModelInterval], trouble: IncidentKind, test: Test
) -> list[ModelInterval]:
    days = list(_beside_usual(slots, slots))
    tried = [test(slot, usual) for slot, usual in days]
    strange = {
        slot.at
        for (slot, _), (part, whole, expected), chance in zip(
            days, tried, chances_of_so_many(tried), strict=True
        )
        if chance < LEVEL / len(days) and part / whole >= _least_share(trouble, expected)
    }
    return [slot for slot in slots if slot.at not in strange]


def _beside_usual(
    slots: Sequence[ModelInterval], normal: Sequence[ModelInterval]
) -> Iterator[tuple[ModelInterval, Baseline]]:
    """Yield each day with the model's baseline from all other normal days, if they have enough
    data.
    """
    counted = {slot.at for slot in normal}
    own = [slot.at in counted for slot in slots]
    requests, errors = sum(slot.requests for slot in normal), sum(slot.errors for slot in normal)
    each = np.array([slot.quicker for slot in slots]) * np.array(own)[:, None]
    others = each.sum(axis=0) - each
    limits = (others < np.ceil((1 - SLOW) * others[:, -1:])).sum(axis=1) + LOWEST
    # Where no latency is known, none is beyond the last bucket
    limits[others[:, -1] == 0] = LOWEST + each.shape[1] - 1
    for slot, limit, is_own in zip(slots, limits.tolist(), own, strict=True):
        rest = requests - slot.requests * is_own
        # Of no error in n the rate may still be 1 in n.
        if rest >= FEWEST_USUAL:
            yield slot, Baseline(limit, max(errors - slot.errors * is_own, 1) / rest)


def _is_slow(slot: ModelInterval, usual: Baseline) -> tuple[int, int, float]:
    return slot.slower_than(usual.p95_bucket), slot.timed, SLOW


def _has_failed(slot: ModelInterval, usual: Baseline) -> tuple[int, int, float]:
    return slot.errors, slot.requests, usual.error_rate


TESTS: dict[IncidentKind, Test] = {IncidentKind.SLOW: _is_slow, IncidentKind.FAILING: _has_failed}


def _outstanding_hours(
    hours: Sequence[ModelInterval], usual: Baseline, trouble: IncidentKind, test: Test
) -> Iterator[ModelInterval]:
    tried = [test(hour, usual) for hour in hours]
    for hour, (part, whole, expected), chance in zip(
        hours, tried, chances_of_so_many(tried), strict=True
    ):
        if whole < FEWEST_IN_AN_HOUR or chance > LEVEL_OF_AN_HOUR:
            continue
        if part / whole < _least_share(trouble, expected):
            continue
        limit_ms = LONGER * middle(usual.p95_bucket)
        if trouble is IncidentKind.FAILING or _p95(hour.quicker) >= limit_ms:
            yield hour


def _least_share(trouble: IncidentKind, expected: float) -> float:
    """Return which share of an hour's requests is slow, or fails, at least in an incident."""
    if trouble is IncidentKind.SLOW:
        return LEAST_SLOW
    # Of a model of which 30% fail as a rule, a fixed share would join two outages of a day
    return max(TIMES_THE_ERRORS * expected, LEAST_ERRORS)


def _runs(
    hours: Sequence[ModelInterval],
    strange: set[datetime],
    is_usual: Callable[[list[ModelInterval]], bool],
) -> Iterator[list[ModelInterval]]:
    """Yield the hours of each incident, including inconclusive hours in between."""
    run: list[ModelInterval] = []
    gap: list[ModelInterval] = []
    for hour in hours:
        if hour.at not in strange:
            gap.append(hour)
            continue
        if (
            run
            and hour.at - run[-1].at > 2 * HOUR
            and (hour.at - run[-1].at > LONGEST_GAP or is_usual(gap))
        ):
            yield run
            run, gap = [], []
        run, gap = [*run, *(gap if run else []), hour], []
    if run:
        yield run


def _is_usual(gap: list[ModelInterval], usual: Baseline, trouble: IncidentKind, test: Test) -> bool:
    """Whether the hours between two outliers have enough requests and are normal."""
    tried = [test(hour, usual) for hour in gap]
    part, whole = sum(each[0] for each in tried), sum(each[1] for each in tried)
    if whole < FEWEST_IN_AN_HOUR:
        return False
    return part / whole < _least_share(trouble, tried[0][2])


def _incident(
    trouble: IncidentKind, key: Key, run: list[ModelInterval], usual: Baseline
) -> Incident:
    requests = sum(hour.requests for hour in run)
    quicker = np.sum([hour.quicker for hour in run], axis=0)
    errors = sum(hour.errors for hour in run)
    is_slow = trouble is IncidentKind.SLOW
    return Incident(
        trouble=trouble,
        provider=key[0],
        model=key[1],
        start=run[0].at,
        end=run[-1].at + HOUR,
        requests=requests,
        affected=sum(hour.slower_than(usual.p95_bucket) for hour in run) if is_slow else errors,
        value=_p95(quicker) if is_slow else errors / requests,
        usual=middle(usual.p95_bucket) if is_slow else usual.error_rate,
    )


def _p95(quicker: Counts) -> float:
    return (
        middle(int(np.searchsorted(quicker, np.ceil(0.95 * quicker[-1]))) + LOWEST)
        if quicker[-1]
        else 0.0
    )
