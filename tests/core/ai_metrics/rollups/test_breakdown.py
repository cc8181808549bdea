"""Measures broken down by a dimension equal counting the requests by hand, from rollups and from
raw rows, with all other values joined.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from core.ai_metrics.breakdown_views import (
    Breakdown,
    BreakdownDimension,
    BreakdownMeasure,
    BreakdownPart,
)
from core.ai_metrics.queries.breakdown import MOST_PARTS, break_down
from core.ai_metrics.schemas import NewRequest
from core.ai_metrics.views import AiMetricsQuery, Interval
from core.database import settings
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.errors import Forbidden
from core.identity.schemas import Actor, Role
from core.presentation.periods import Period, Watched, day_of, midnight
from tests.core.ai_metrics.rollups.test_rollup_coverage import varied
from tests.core.ai_metrics.test_figures import WHOLE, ZONE, folded, in_deltas
from tests.factories.ai_metrics import START, inside, near, rank, request, send
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
DAY = timedelta(days=1)
VALUES: dict[BreakdownDimension, Callable[[NewRequest], str | None]] = {
    BreakdownDimension.MODEL: lambda each: each.model,
    BreakdownDimension.RELEASE: lambda each: each.release,
    BreakdownDimension.APP: lambda each: each.app,
    BreakdownDimension.ERROR_TYPE: lambda each: each.error_type,
    BreakdownDimension.PROMPT_VERSION: lambda each: (
        f"{each.prompt_name}@{each.prompt_version}" if each.prompt_name else None
    ),
    BreakdownDimension.EXPERIMENT_ARM: lambda each: (
        f"{each.experiment_key}:{each.experiment_arm}" if each.experiment_key else None
    ),
}
QUERIES = (
    AiMetricsQuery(WHOLE),
    AiMetricsQuery(WHOLE, model="a"),
    AiMetricsQuery(WHOLE, Watched(release="1")),
    AiMetricsQuery(replace(WHOLE, start=START + timedelta(hours=5, minutes=7))),
)


@pytest.fixture
def actor(database: Postgres) -> Actor:
    return person(Role.ANALYST).actor


def broken(
    asked: AiMetricsQuery,
    dimension: BreakdownDimension,
    measure: BreakdownMeasure,
    actor: Actor,
    interval: Interval | None = Interval.DAY,
) -> Breakdown:
    with transaction() as session:
        return break_down(session, asked, dimension, measure, interval, actor=actor)


def measured(
    requests: Sequence[NewRequest], measure: BreakdownMeasure, among: Sequence[NewRequest]
) -> float | None:
    """Return a measure of requests by hand; a rate is of those that ended `among` others."""
    failed = [each for each in requests if each.status == "error"]
    if measure is BreakdownMeasure.LATENCY:
        times = [
            each.total_latency_ms
            for each in requests
            if each.status != "pending" and each.total_latency_ms is not None
        ]
        return rank(times, 0.95)
    if measure is BreakdownMeasure.ERROR_RATE:
        ended = sum(each.status != "pending" for each in among)
        return len(failed) / ended if ended else None
    if measure is BreakdownMeasure.COST:
        return float(sum((each.cost_usd or Decimal(0) for each in requests), Decimal(0)))
    if measure is BreakdownMeasure.TOKENS:
        return sum((each.input_tokens or 0) + (each.output_tokens or 0) for each in requests)
    return len(failed if measure is BreakdownMeasure.ERRORS else requests)


def equals(found: float | None, wanted: float | None, measure: BreakdownMeasure) -> bool:
    if measure is BreakdownMeasure.LATENCY:
        return bool(found == near(None if wanted is None else round(wanted)))
    return found == (None if wanted is None else pytest.approx(wanted))


def matching(requests: Sequence[NewRequest], asked: AiMetricsQuery) -> list[NewRequest]:
    release = asked.watched.release
    return [
        each
        for each in inside(list(requests), asked.period.start, asked.period.end)
        if asked.model in (None, each.model) and release in (None, each.release)
    ]


@pytest.mark.parametrize("arrive", [in_deltas, folded])
@pytest.mark.parametrize("dimension", VALUES)
def test_every_part_equals_counting_by_hand(
    arrive: Callable[[list[NewRequest]], None], dimension: BreakdownDimension, actor: Actor
) -> None:
    requests = varied(600)
    arrive(requests)
    for asked in QUERIES:
        kept = matching(requests, asked)
        for measure in BreakdownMeasure:
            found = broken(asked, dimension, measure, actor)
            by_value = defaultdict[str | None, list[NewRequest]](list)
            for each in kept:
                by_value[VALUES[dimension](each)].append(each)
            assert equals(found.figure, measured(kept, measure, kept), measure)
            for part in found.parts:
                _is_right(part, by_value[part.value], kept, found, measure)
            is_type = dimension is BreakdownDimension.ERROR_TYPE
            if not is_type:
                assert {part.value for part in found.parts} == set(by_value)


def _is_right(
    part: BreakdownPart,
    own: list[NewRequest],
    kept: list[NewRequest],
    found: Breakdown,
    measure: BreakdownMeasure,
) -> None:
    is_type = found.dimension is BreakdownDimension.ERROR_TYPE
    assert part.requests == len(own)
    assert equals(part.figure, measured(own, measure, kept if is_type else own), measure)
    for at, value in zip(found.at, part.series, strict=True):
        of_day = _of_day(own, at)
        among = _of_day(kept, at) if is_type else of_day
        assert equals(value, measured(of_day, measure, among), measure)


def _of_day(requests: Sequence[NewRequest], at: datetime) -> list[NewRequest]:
    end = midnight(day_of(at, ZONE) + DAY, ZONE)
    return [each for each in requests if each.created_at and at <= each.created_at < end]


def test_the_smallest_values_are_joined_as_others_and_nothing_is_lost(actor: Actor) -> None:
    period = Period(START, START + 2 * DAY)
    requests = [
        request(START + hour * timedelta(hours=1), model=f"m{model}", cost_usd=Decimal(model + 1))
        for model in range(8)
        for hour in (0, 30)
    ]
    send(*requests)
    found = broken(AiMetricsQuery(period), BreakdownDimension.MODEL, BreakdownMeasure.COST, actor)
    assert [part.value for part in found.parts] == ["m7", "m6", "m5", "m4", "m3", None]
    others = found.parts[-1]
    assert (others.is_other, others.figure, others.series) == (True, 12.0, [6.0, 6.0])
    assert len(found.parts) == MOST_PARTS + 1
    assert sum(part.figure or 0 for part in found.parts) == found.figure == 72.0


def test_the_previous_period_stands_beside_it_and_a_part_has_its_share_of_the_change(
    actor: Actor,
) -> None:
    """Model a doubles from 10 to 20 dollars a day, b stays at 5: a explains all of it."""
    for day in range(4):
        dollars = Decimal(20 if day >= 2 else 10)
        send(
            request(START + day * DAY, model="a", cost_usd=dollars),
            request(START + day * DAY, model="b", cost_usd=Decimal(5)),
        )
    asked = AiMetricsQuery(Period(START + 2 * DAY, START + 4 * DAY))
    found = broken(asked, BreakdownDimension.MODEL, BreakdownMeasure.COST, actor)
    assert (found.figure, found.previous) == (50.0, 30.0)
    assert (found.series, found.previous_series) == ([25.0, 25.0], [15.0, 15.0])
    assert [(part.value, part.share_of_change) for part in found.parts] == [("a", 1), ("b", 0)]


def test_a_value_that_is_gone_is_shown_with_what_it_had_before(actor: Actor) -> None:
    send(request(START, model="old", cost_usd=Decimal(3)))
    send(request(START + DAY, model="new", cost_usd=Decimal(4)))
    asked = AiMetricsQuery(Period(START + DAY, START + 2 * DAY))
    found = broken(asked, BreakdownDimension.MODEL, BreakdownMeasure.COST, actor)
    assert [(part.value, part.figure, part.previous) for part in found.parts] == [
        ("new", 4.0, 0.0),
        ("old", 0.0, 3.0),
    ]


@pytest.mark.parametrize("arrive", [in_deltas, folded])
@pytest.mark.parametrize("dimension", [BreakdownDimension.MODEL, BreakdownDimension.RELEASE])
def test_requests_at_no_cost_beside_unpriced_ones_have_a_cost_of_zero(
    arrive: Callable[[list[NewRequest]], None], dimension: BreakdownDimension, actor: Actor
) -> None:
    # A cost is unknown only where none of the requests has a price
    arrive(
        [
            request(START, model="free", release="1", cost_usd=Decimal(0)),
            request(START, model="free", release="1", cost_usd=None),
            request(START, model="unknown", release="2", cost_usd=None),
        ]
    )
    found = broken(AiMetricsQuery(WHOLE), dimension, BreakdownMeasure.COST, actor)
    assert sorted((part.value, part.figure) for part in found.parts) == [
        ("free" if dimension is BreakdownDimension.MODEL else "1", 0.0),
        ("unknown" if dimension is BreakdownDimension.MODEL else "2", None),
    ]


def test_without_a_previous_period_nothing_is_compared(actor: Actor) -> None:
    send(request(START, model="a"))
    found = broken(
        AiMetricsQuery(Period(START, START + DAY)),
        BreakdownDimension.MODEL,
        BreakdownMeasure.REQUESTS,
        actor,
    )
    assert (found.previous, found.previous_series) == (None, [0.0])
    assert [(part.previous, part.share_of_change) for part in found.parts] == [(None, None)]


@pytest.mark.parametrize(
    ("dimension", "watched", "before"),
    [
        (BreakdownDimension.MODEL, Watched(user_id="u"), None),
        (BreakdownDimension.RELEASE, Watched(user_id="u"), None),
        (BreakdownDimension.MODEL, Watched(), 2.0),
        (BreakdownDimension.RELEASE, Watched(), 2.0),
    ],
)
def test_a_previous_period_that_retention_has_partly_removed_is_not_compared(
    dimension: BreakdownDimension, watched: Watched, before: float | None, actor: Actor
) -> None:
    # What was left of it was shown as if it were all of it
    send(*(request(START + day * DAY, release="1", user_id="u") for day in range(4)))
    with transaction() as session:
        settings.write(session, settings.Sealed(ai_request_metrics=START + DAY), by=None)
    asked = AiMetricsQuery(Period(START + 2 * DAY, START + 4 * DAY), watched)
    found = broken(asked, dimension, BreakdownMeasure.REQUESTS, actor)
    assert (found.figure, found.previous) == (2.0, before)


def test_of_nothing_there_are_intervals_without_parts(actor: Actor) -> None:
    asked = AiMetricsQuery(Period(START, START + 3 * DAY))
    found = broken(asked, BreakdownDimension.MODEL, BreakdownMeasure.LATENCY, actor)
    assert (found.parts, found.series, found.figure) == ([], [None] * 3, None)


def test_a_reviewer_may_not_break_figures_down() -> None:
    with pytest.raises(Forbidden):
        broken(
            AiMetricsQuery(WHOLE),
            BreakdownDimension.MODEL,
            BreakdownMeasure.COST,
            person(Role.REVIEWER).actor,
        )
