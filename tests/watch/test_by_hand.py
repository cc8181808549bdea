"""Every figure of the small week equals the one computed by hand, in both zones, folded or not, and
after a change of zone.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.activity.queries import events, journeys, user_details
from core.activity.queries import user_lists as activity
from core.activity.queries.errors import error_codes
from core.activity.queries.events import EventFilter
from core.activity.queries.funnels import conversion_trend, funnel_counts, time_to_drop_off
from core.activity.queries.user_filter import UserFilter
from core.ai_metrics.queries import figures, series
from core.ai_metrics.queries.requests import request_errors
from core.ai_metrics.queries.requests import request_lists as ai_queries
from core.ai_metrics.schemas import RequestStatus
from core.ai_metrics.views import AiMetricsQuery, Interval
from core.batches.queries import batch_runs as batches
from core.batches.queries import outcomes
from core.batches.views import BatchRunQuery
from core.database import settings
from core.database.db import Database, transaction
from core.database.paging import Window
from core.identity.schemas import Actor
from core.insights import kpis
from core.insights.queries import drop_offs
from core.insights.queries import overview as insights
from core.insights.schemas import Overview, WatchScope
from core.presentation.periods import DAY, Period, Watched, day_of
from core.system.service import daily_job as every_night
from core.system.service import reporting_time_zone
from tests.factories import history
from tests.factories.ai_metrics import near
from tests.factories.funnels import SAVED
from tests.watch import week
from tests.watch.answers import (
    ERRORS,
    IN_NEW_YORK,
    IN_UTC,
    KINDS_OF_FAILURES,
    OF_MODEL_B,
    OF_PHONE,
    STATES,
    USERS_OF_PHONE,
    Answers,
)
from tests.watch.week import NEW_YORK

WEB, PHONE, STAGING = Watched(app="web"), Watched(app="phone"), Watched("staging")
ALL = Window(100, 0)
READERS: tuple[tuple[Callable[..., Any], dict[str, int]], ...] = (
    (user_details.get_user, {}),
    (journeys.read_journey, {"limit": 50}),
)


def in_new_york_since_yesterday() -> None:
    """Let all come in while days are UTC's, and then have them made New York's."""
    week.arrive("UTC")
    with transaction() as session:
        settings.write(session, settings.Workspace(reporting_time_zone=NEW_YORK), by=None)
    reporting_time_zone.rebuild_days(NEW_YORK)


WAYS: dict[str, tuple[Callable[[], None], Answers]] = {
    "UTC": (lambda: week.arrive("UTC"), IN_UTC),
    "UTC, not folded": (lambda: week.arrive("UTC", is_folded=False), IN_UTC),
    "New York": (lambda: week.arrive(NEW_YORK), IN_NEW_YORK),
    "New York, not folded": (lambda: week.arrive(NEW_YORK, is_folded=False), IN_NEW_YORK),
    "New York, after UTC": (in_new_york_since_yesterday, IN_NEW_YORK),
}


@pytest.fixture(params=WAYS)
def known(request: pytest.FixtureRequest, actor: Actor) -> Answers:
    """Return what is right, after all has come in one of the ways."""
    come, answers = WAYS[request.param]
    come()
    return answers


def ask(reader: Callable[..., Any], *given: object, actor: Actor, **named: object) -> Any:  # noqa: ANN401  what it answers
    with transaction() as session:
        return reader(session, *given, actor=actor, **named)


def overview(known: Answers, watched: Watched, actor: Actor) -> Overview:
    with transaction() as core, transaction(Database.AI) as ai:
        return insights.overview(core, ai, WatchScope(known.period, watched), actor=actor)


def same(found: object, wanted: dict[str, Any]) -> None:
    """Check figures: exactly, but for percentiles, which rollups know within a hundredth."""
    for name, value in wanted.items():
        given = getattr(found, name)
        assert given == (near(value) if name.startswith("p") and name[1:3].isdigit() else value), (
            name
        )


def test_the_overview(known: Answers, actor: Actor) -> None:
    found = overview(known, Watched(), actor)
    assert (found.users.active, found.users.new) == known.users
    assert (found.users.previous.active, found.users.previous.new) == known.users_before
    assert found.onboarding is not None
    assert (found.onboarding.started, found.onboarding.completed) == (
        known.funnel[0],
        known.funnel[-1],
    )
    assert (found.onboarding.previous.started, found.onboarding.previous.completed) == (
        known.funnel_before[0],
        known.funnel_before[-1],
    )
    assert found.feedback is not None
    assert (found.feedback.rated, found.feedback.positive) == known.rated
    assert (found.feedback.previous.rated, found.feedback.previous.positive) == known.rated_before
    same(found.ai, known.summary)
    same(found.ai.previous, known.before)
    assert (found.batch.runs, found.batch.completed, found.batch.failed, found.batch.running) == (
        3,
        1,
        1,
        1,
    )


def test_the_overview_of_an_app_and_of_another_environment(known: Answers, actor: Actor) -> None:
    web, phone, staging = (overview(known, each, actor) for each in (WEB, PHONE, STAGING))
    assert (web.users.active, web.users.new) == known.users_of_web
    assert (phone.users.active, phone.users.new) == USERS_OF_PHONE
    assert (web.ai.total_requests, web.ai.cost_usd) == (known.of_web[0], Decimal(known.of_web[1]))
    assert (phone.ai.total_requests, phone.ai.cost_usd) == (
        OF_PHONE[0],
        Decimal(OF_PHONE[1]),
    )
    assert (staging.users.active, staging.users.new, staging.batch.runs) == (1, 1, 0)
    assert staging.feedback is not None
    assert staging.onboarding is not None
    assert (staging.feedback.ratio, staging.onboarding.conversion) == (1.0, 0.0)
    one = {
        "total_requests": 1,
        "error_rate": 0.0,
        "cost_usd": 1,
        "avg_latency_ms": 5,
        "p50_latency_ms": 5,
        "p99_latency_ms": 5,
    }
    same(staging.ai, one)


def test_the_key_figures(known: Answers, actor: Actor) -> None:
    with transaction() as core, transaction(Database.AI) as ai:
        found = {
            each.name: each
            for each in kpis.overview_kpis(
                core, ai, WatchScope(known.period, Watched()), actor=actor
            )
        }
    assert {
        name: found[name].value for name in ("users", "new_users", "error_rate", "feedback")
    } == {
        "users": known.users[0],
        "new_users": known.users[1],
        "error_rate": known.summary["error_rate"],
        "feedback": known.rated[1] / known.rated[0],
    }
    assert found["conversion"].value == known.funnel[-1] / known.funnel[0]
    assert found["cost"].value == pytest.approx(float(known.summary["cost_usd"]))
    assert found["cost"].before == pytest.approx(float(known.before["cost_usd"]))
    assert found["feedback"].before == (
        known.rated_before[1] / known.rated_before[0] if known.rated_before[0] else None
    )
    assert [value is None for value in found["p95_latency"].course] == [
        value is None for value in known.p95_by_day
    ]
    assert found["cost"].course == pytest.approx([float(each) for each in known.dollars_by_day])


def test_the_funnel_and_its_times(known: Answers, actor: Actor) -> None:
    found = ask(funnel_counts.read_funnel, known.period, Watched(), actor=actor)
    assert [step.users for step in found.steps] == known.funnel
    assert found.previous.users == known.funnel_before
    for step, times in zip(found.steps, known.took_s, strict=True):
        took = (step.median_seconds_from_previous, step.p90_seconds_from_previous)
        assert took == ((None, None) if times is None else pytest.approx(times))
    web = ask(funnel_counts.read_funnel, known.period, WEB, actor=actor)
    assert [step.users for step in web.steps] == known.funnel_of_web
    for watched, wanted in ((PHONE, 0), (STAGING, 1)):
        assert (
            ask(funnel_counts.read_funnel, known.period, watched, actor=actor).steps[0].users
            == wanted
        )


def test_who_came_through_by_day_and_who_stopped(known: Answers, actor: Actor) -> None:
    course = ask(conversion_trend.read_conversion_trend, known.period, Watched(), actor=actor)
    assert [day.users for day in course.days] == known.begun_by_day
    assert [day.completed for day in course.days] == [1, 0, 0, 0, 0, 0, 0]
    # Ann took 16 hours
    assert (course.users, course.completed, course.median_seconds) == (6, 1, 57_600)
    assert (
        ask(time_to_drop_off.read_time_to_drop_off, known.period, Watched(), actor=actor).users == 5
    )
    asked = (known.period, Watched(), SAVED, None)
    at_each = [
        ask(drop_offs.list_stopped, *asked, step, ALL, actor=actor).total_count
        for step in range(1, 6)
    ]
    assert at_each == [
        2,
        *(now - then for now, then in zip(known.funnel[1:], [*known.funnel[2:], 0], strict=True)),
    ]


def test_events_and_errors(known: Answers, actor: Actor) -> None:
    rows = ask(events.list_daily, known.period, Watched(), actor=actor)
    counted = Counter[date]()
    for row in rows:
        counted[row.date] += row.events
    assert week.by_day(known.period.days, counted) == known.events_by_day
    found = ask(
        error_codes.list_errors, EventFilter(), known.period, Watched(), window=ALL, actor=actor
    ).items
    assert {
        each.error_code: (each.count, each.users, each.later_successes) for each in found
    } == ERRORS
    assert [each.share for each in found] == [0.75, 0.25]


def test_errors_are_the_same_wherever_they_are_counted(known: Answers, actor: Actor) -> None:
    wanted, asked = sum(count for count, _, _ in ERRORS.values()), (known.period, Watched())
    by_code = ask(error_codes.list_errors, EventFilter(), *asked, window=ALL, actor=actor).items
    assert sum(each.count for each in by_code) == wanted
    assert sum(each.errors for each in ask(events.list_daily, *asked, actor=actor)) == wanted
    assert (
        sum(sum(each.error_counts) for each in ask(events.event_type_trends, *asked, actor=actor))
        == wanted
    )
    # Counted from the rows
    of_hours = Period(known.period.start, known.period.end - DAY / 1440, known.period.zone)
    assert (
        sum(each.errors for each in ask(events.list_daily, of_hours, Watched(), actor=actor))
        == wanted
    )
    assert (
        len(ask(events.list_events, EventFilter(only_errors=True), *asked, limit=50, actor=actor))
        == wanted
    )


def test_users_and_how_far_they_are(known: Answers, actor: Actor) -> None:
    page = ask(activity.list_users, UserFilter(), Watched(), window=ALL, actor=actor)
    assert {each.external_id: (each.status, each.step) for each in page.items} == STATES
    assert page.total_count == len(STATES)
    for status, wanted in Counter(status for status, _ in STATES.values()).items():
        assert (
            ask(
                activity.list_users, UserFilter(status=status), Watched(), window=ALL, actor=actor
            ).total_count
            == wanted
        )
    for step, wanted in Counter(step for _, step in STATES.values()).items():
        assert (
            ask(
                activity.list_users, UserFilter(step=step), Watched(), window=ALL, actor=actor
            ).total_count
            == wanted
        )
    assert [
        each.external_id
        for each in ask(activity.list_users, UserFilter(), STAGING, window=ALL, actor=actor).items
    ] == ["ian"]


def test_ai_requests(known: Answers, actor: Actor) -> None:
    found = ask(figures.summary, AiMetricsQuery(known.period), actor=actor)
    same(found, known.summary)
    same(found.previous, known.before)
    for status, count in (
        (RequestStatus.ERROR, 5),
        (RequestStatus.PENDING, 2),
        (RequestStatus.OK, 8),
    ):
        asked = AiMetricsQuery(known.period, status=status)
        assert ask(figures.summary, asked, actor=actor).total_requests == count
        assert len(ask(ai_queries.list_requests, asked, limit=50, actor=actor)) == count
    models = ask(figures.models, AiMetricsQuery(known.period), actor=actor)
    assert {
        each.model: (each.total_requests, each.error_count, each.cost_usd) for each in models
    } == {
        name: (requests, errors, Decimal(dollars))
        for name, (requests, errors, dollars) in (("a", known.of_model_a), ("b", OF_MODEL_B))
    }


def test_ai_requests_by_day(known: Answers, actor: Actor) -> None:
    asked = AiMetricsQuery(known.period)
    latency = ask(series.latency, asked, Interval.DAY, actor=actor)
    same(latency.overall, known.percentiles)
    same(latency.first_token, known.first_token)
    assert [point.p95 for point in latency.series] == [near(each) for each in known.p95_by_day]
    assert sum(bar.requests for bar in latency.histogram) == known.percentiles["requests"]
    volume = ask(series.tokens, asked, Interval.DAY, actor=actor)
    assert [day_of(point.at, known.period.zone) for point in volume.series] == known.period.days
    assert [point.total_requests for point in volume.series] == known.requests_by_day
    assert [point.cost_usd for point in volume.series] == [
        Decimal(each) for each in known.dollars_by_day
    ]
    failed = ask(request_errors.errors, asked, Interval.DAY, actor=actor)
    assert [point.error_count for point in failed.series] == known.failed_by_day
    # Nothing, all well, and only errors
    assert [point.error_rate for point in failed.series][3:6] == [None, 0.0, 1.0]
    assert {each.error_type: each.requests for each in failed.types} == KINDS_OF_FAILURES


def test_batch_runs(known: Answers, actor: Actor) -> None:
    asked = BatchRunQuery(known.period)
    found = ask(outcomes.summary, asked, actor=actor)
    # What still runs is in no rate
    assert (found.runs, found.success_rate, found.previous.runs) == (3, 0.5, 0)
    assert (found.avg_duration_ms, found.p50_duration_ms, found.p95_duration_ms) == (
        180_000,
        60_000,
        300_000,
    )
    assert [day.runs for day in ask(outcomes.by_day, asked, actor=actor)] == known.runs_by_day
    jobs = ask(outcomes.by_job, asked, actor=actor)
    assert [(each.batch_job, each.runs, each.last_status) for each in jobs] == [
        ("hourly", 1, "running"),
        ("nightly", 2, "failed"),
    ]
    assert [each.last_run for each in ask(batches.failures, asked, actor=actor)] == ["bad"]


def test_what_the_daily_job_writes_down(known: Answers, actor: Actor) -> None:
    every_night.write_figures()
    wanted = {
        "events": known.events_by_day,
        "requests": known.requests_by_day,
        "errors": known.failed_by_day,
        "batch_runs": known.runs_by_day,
        "onboarding_started": known.begun_by_day,
    }
    for metric, by_day in wanted.items():
        assert [each or 0 for each in _written(metric, known)] == by_day, metric
    assert sum(each or 0 for each in _written("event_errors", known)) == sum(
        count for count, _, _ in ERRORS.values()
    )
    assert [Decimal(str(each or 0)) for each in _written("cost_usd", known)] == [
        Decimal(each) for each in known.dollars_by_day
    ]


def _written(metric: str, known: Answers) -> list[float | None]:
    return [
        history.daily(metric, datetime(day.year, day.month, day.day, tzinfo=UTC))
        for day in known.period.days
    ]


def test_one_user_counts_what_his_journey_shows(known: Answers, actor: Actor) -> None:
    for name, (count, failed) in {
        "ann": (5, 0),
        "bob": (4, 1),
        "cat": (3, 0),
        "hal": (2, 2),
        "jan": (0, 0),
    }.items():
        user, journey = (ask(each, name, Watched(), actor=actor, **more) for each, more in READERS)
        assert (user.events, user.errors) == (count, failed)
        assert (journey.total_count, sum(each.is_error for each in journey.items)) == (
            count,
            failed,
        )
        assert (user.status, user.step) == STATES[name]
    visit = ask(journeys.read_anonymous, "visit", Watched(), limit=50, actor=actor)
    assert (visit.session.events, visit.session.errors, visit.total_count) == (2, 1, 2)
