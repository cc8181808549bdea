"""Properties for any data: funnels never widen, parts add up to the total, percentiles are
ordered.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.activity.funnel_views import FunnelView
from core.activity.queries import events
from core.activity.queries.errors import error_codes
from core.activity.queries.events import EventFilter
from core.activity.queries.funnels import conversion_trend, funnel_counts, time_to_drop_off
from core.activity.queries.funnels.funnel import Funnel
from core.activity.schemas import NewEvent
from core.ai_metrics.queries import figures, series
from core.ai_metrics.queries.requests import request_errors
from core.ai_metrics.schemas import NewRequest, RequestStatus
from core.ai_metrics.views import AiMetricsQuery, Figures, Interval, Percentiles, Volume
from core.batches.queries import batch_runs as batches
from core.batches.queries import outcomes
from core.batches.views import BAD, GOOD, BatchRunQuery
from core.database import partitions
from core.database.db import Session, transaction
from core.database.paging import Window
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor, Role
from core.insights.queries import drop_offs
from core.presentation.periods import Period, Watched
from tests.core.activity.funnels.test_funnel_proof import FUNNELS, histories
from tests.factories import activity, ai_metrics
from tests.factories.batches import ran
from tests.factories.identity import person

SOME = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
BERLIN = "Europe/Berlin"
START = datetime(2026, 3, 27, 23, tzinfo=UTC)
# Three days, the second of 23 hours
WEEKEND = Period(START, datetime(2026, 3, 30, 22, tzinfo=UTC), BERLIN)
RAGGED = Period(START + timedelta(minutes=7), START + timedelta(hours=41, seconds=3), BERLIN)
ADDED = (
    "total_requests",
    "pending_requests",
    "error_count",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "unpriced_requests",
)
ONES = (0.5, 0.75, 0.9, 0.95, 0.99)
PAGE = Window(1000, 0)

moments = st.integers(0, 3 * 86_400).map(lambda count: START + timedelta(seconds=count))
requests = st.builds(
    NewRequest,
    created_at=moments,
    provider=st.just("acme"),
    model=st.sampled_from(["a", "b", "*"]),
    app=st.sampled_from(["web", "phone", None]),
    status=st.sampled_from(list(RequestStatus)),
    error_type=st.sampled_from([None, "timeout", "refused"]),
    total_latency_ms=st.one_of(st.none(), st.integers(-5, 5), st.integers(0, 90_000_000)),
    first_token_ms=st.one_of(st.none(), st.integers(0, 5000)),
    input_tokens=st.one_of(st.none(), st.integers(0, 10**6)),
    output_tokens=st.one_of(st.none(), st.integers(0, 10**6)),
    cost_usd=st.one_of(st.none(), st.integers(0, 10**9).map(lambda nano: Decimal(nano).scaleb(-9))),
)
states = st.sampled_from([*GOOD, *BAD, "running", "odd"])
jobs = st.sampled_from(["nightly", "hourly"])


@pytest.fixture
def actor(database: Postgres) -> Actor:
    """Return somebody who may look."""
    return person(Role.ANALYST).actor


@given(happened=histories(), number=st.integers(0, len(FUNNELS) - 1))
@SOME
def test_a_funnel_never_widens_and_its_parts_are_all_who_began(
    actor: Actor, happened: list[NewEvent], number: int
) -> None:
    activity.clear()
    activity.store(happened)
    period, funnel = Period(activity.START, activity.START + timedelta(days=3)), FUNNELS[number]
    asked = (period, Watched(), funnel)
    with transaction() as session:
        view = funnel_counts.read_funnel(session, *asked, actor=actor)
        course, stayed = (
            conversion_trend.read_conversion_trend(session, *asked, actor=actor),
            time_to_drop_off.read_time_to_drop_off(session, *asked, actor=actor),
        )
        required = [each for each, step in enumerate(funnel.steps) if not step.optional]
        gone = [
            drop_offs.list_stopped(session, *asked, None, each + 1, PAGE, actor=actor)
            for each in required
        ]
    users = [view.steps[each].users for each in required]
    never_widens(view, funnel, users)
    assert sum(day.users for day in course.days) == course.users == users[0]
    assert (
        sum(day.completed for day in course.days)
        == sum(bar.users for bar in course.histogram)
        == course.completed
        == users[-1]
    )
    assert stayed.users == sum(bar.users for bar in stayed.histogram) == users[0] - users[-1]
    assert [page.total_count for page in gone] == [len(page.items) for page in gone]
    assert sum(page.total_count for page in gone) == users[0]


def never_widens(view: FunnelView, funnel: Funnel, required: list[int]) -> None:
    assert all(before >= after for before, after in pairwise(required))
    known = view.steps[0].users
    for step, given_ in zip(view.steps, funnel.steps, strict=True):
        assert step.users <= known
        known = known if given_.optional else step.users
        for share in (step.conversion_from_start, step.conversion_from_previous):
            assert share is None or 0 <= share <= 1
        half, most = step.median_seconds_from_previous, step.p90_seconds_from_previous
        assert (half is None) == (most is None)
        assert half is None or most is None or 0 <= half <= most


@given(happened=histories(), is_folded=st.booleans())
@SOME
def test_errors_by_code_by_day_and_one_by_one_are_as_many(
    actor: Actor, happened: list[NewEvent], *, is_folded: bool
) -> None:
    activity.clear()
    activity.store(happened)
    if is_folded:
        activity.fold()
    asked = (
        Period(activity.START - timedelta(hours=9), activity.START + timedelta(days=80)),
        Watched(),
    )
    with transaction() as session:
        by_code = error_codes.list_errors(
            session, EventFilter(), *asked, window=PAGE, actor=actor
        ).items
        by_day = events.list_daily(session, *asked, actor=actor)
        alone = events.list_events(
            session, EventFilter(only_errors=True), *asked, limit=1000, actor=actor
        )
        every = events.list_events(session, EventFilter(), *asked, limit=1000, actor=actor)
    assert sum(each.count for each in by_code) == sum(each.errors for each in by_day) == len(alone)
    assert sum(each.events for each in by_day) == len(every) == len(happened)
    assert sum(each.share for each in by_code) == pytest.approx(1 if alone else 0)
    assert all(each.later_successes <= each.users <= each.count for each in by_code)


@given(
    sent=st.lists(requests, max_size=25),
    late=st.lists(requests, max_size=5),
    period=st.sampled_from([WEEKEND, RAGGED]),
    interval=st.sampled_from(list(Interval)),
)
@SOME
def test_requests_sum_up_and_percentiles_never_fall(
    actor: Actor, sent: list[NewRequest], late: list[NewRequest], period: Period, interval: Interval
) -> None:
    _without_requests()
    _send(sent)
    ai_metrics.fold(BERLIN)
    _send(late)  # and these wait
    with transaction() as session:
        whole = figures.summary(session, AiMetricsQuery(period), actor=actor)
        _add_up(whole, figures.models(session, AiMetricsQuery(period), actor=actor))
        _add_up(whole, series.tokens(session, AiMetricsQuery(period), interval, actor=actor).series)
        _add_up(
            whole,
            [
                figures.figures(session, AiMetricsQuery(period, status=each))
                for each in RequestStatus
            ],
        )
        apps = [
            figures.figures(session, AiMetricsQuery(period, Watched(app=each)))
            for each in ("web", "phone", "")
        ]
        _never_fall(session, period, interval, actor)
        failed = request_errors.errors(session, AiMetricsQuery(period), actor=actor)
    # An app without a name is no filter: it is all
    assert sum(each.total_requests for each in apps) >= whole.total_requests
    assert failed.error_count == whole.error_count == sum(each.requests for each in failed.types)
    assert (
        failed.error_count
        == sum(each.error_count for each in failed.series)
        == sum(each.error_count for each in failed.models)
    )


def _add_up(whole: Figures, parts: Sequence[Volume]) -> None:
    for name in ADDED:
        assert sum(getattr(each, name) for each in parts) == getattr(whole, name), name
    assert sum((each.cost_usd for each in parts), Decimal(0)) == whole.cost_usd
    assert all(each.error_rate is None or 0 <= each.error_rate <= 1 for each in (whole, *parts))


def _never_fall(session: Session, period: Period, interval: Interval, actor: Actor) -> None:
    found = series.latency(session, AiMetricsQuery(period), interval, actor=actor)
    for overall, points in (
        (found.overall, found.series),
        (found.first_token, found.first_token_series),
    ):
        assert sum(point.requests for point in points) == overall.requests
        for each in (overall, *points):
            ranks = _ranks(each)
            assert ranks == sorted(ranks)
            assert len(ranks) == (len(ONES) if each.requests else 0)
        for name in ("p50", "p99"):
            within = [getattr(each, name) for each in points if each.requests]
            assert not within or min(within) <= getattr(overall, name) <= max(within)
    assert sum(bar.requests for bar in found.histogram) == found.overall.requests


def _ranks(found: Percentiles) -> list[int]:
    given_ = (getattr(found, f"p{rank * 100:.0f}") for rank in ONES)
    return [each for each in given_ if each is not None]


@given(
    runs=st.lists(
        st.tuples(moments, states, jobs, st.one_of(st.none(), st.integers(0, 90_000))), max_size=12
    )
)
@SOME
def test_batch_runs_sum_up(actor: Actor, runs: list[tuple[datetime, str, str, int | None]]) -> None:
    with transaction() as session:
        session.execute(text("delete from batch_run_history"))
    for moment, status, job, took_s in runs:
        ran(moment, status, job=job, took_s=took_s)
    asked = BatchRunQuery(WEEKEND)
    with transaction() as session:
        whole = outcomes.summary(session, asked, actor=actor)
        days, by_job = (
            outcomes.by_day(session, asked, actor=actor),
            outcomes.by_job(session, asked, actor=actor),
        )
        listed = batches.list_runs(session, asked, window=PAGE, actor=actor)
        bad = batches.failures(session, asked, actor=actor)
    for name in ("runs", *GOOD, *BAD, "running", "other"):
        assert (
            sum(getattr(day, name) for day in days)
            == sum(getattr(job, name) for job in by_job)
            == getattr(whole, name)
        )
    assert (
        whole.runs
        == len(listed)
        == sum(getattr(whole, name) for name in (*GOOD, *BAD, "running", "other"))
    )
    assert sum(each.runs for each in bad) == sum(getattr(whole, name) for name in BAD)
    assert whole.p50_duration_ms is None or (whole.p95_duration_ms or 0) >= whole.p50_duration_ms


def _without_requests() -> None:
    with transaction() as session:
        for table in (
            "ai_request_metrics",
            "ai_request_deltas",
            "ai_request_rollups",
            "ai_dimension_deltas",
            "ai_dimension_rollups",
            "tool_dimension_deltas",
            "tool_dimension_rollups",
        ):
            session.execute(text(f"delete from {table}"))


def _send(given_: list[NewRequest]) -> None:
    partitions.create_for(
        "ai_request_metrics", [START + timedelta(days=number) for number in range(4)]
    )
    if given_:
        ai_metrics.send(*given_, zone=BERLIN)
