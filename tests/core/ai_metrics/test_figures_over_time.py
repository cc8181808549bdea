"""Latency, tokens and errors over time: every interval is included, and equals counting by hand."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from core.ai_metrics.errors import TooFine
from core.ai_metrics.queries import kpis, series
from core.ai_metrics.queries.requests import request_errors
from core.ai_metrics.queries.rollup_sources import statement_of
from core.ai_metrics.schemas import NewRequest
from core.ai_metrics.views import AiMetricsQuery, Interval, Latency
from core.cache import large_workspaces
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.errors import Forbidden
from core.identity.schemas import Actor, Role
from core.platform import clock
from core.presentation.periods import Period, Watched, midnight
from tests.factories.ai_metrics import (
    START,
    by_hand,
    fold,
    inside,
    many,
    moment,
    near,
    rank,
    request,
    send,
)
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
BERLIN, CALCUTTA = "Europe/Berlin", "Asia/Kolkata"
CLOCKS_CHANGE = Period(moment("2026-03-28T00:00+01:00"), moment("2026-03-31T00:00+02:00"), BERLIN)


@pytest.fixture
def actor(database: Postgres) -> Actor:
    return person(Role.ANALYST).actor


def latency(asked: AiMetricsQuery, actor: Actor, interval: Interval | None = None) -> Latency:
    with transaction() as session:
        return series.latency(session, asked, interval, actor=actor)


def times(requests: Sequence[NewRequest]) -> list[int]:
    return [
        each.total_latency_ms
        for each in requests
        if each.status != "pending" and each.total_latency_ms is not None
    ]


def starts(period: Period, hours: float) -> list[datetime]:
    step = timedelta(hours=hours)
    return [
        period.start + number * step for number in range(round((period.end - period.start) / step))
    ]


@pytest.mark.parametrize("zone", [BERLIN, CALCUTTA, "UTC"])
@pytest.mark.parametrize("is_folded", [True, False])
@pytest.mark.parametrize(("interval", "hours"), [(Interval.HOUR, 1.0), (Interval.HALF_HOUR, 0.5)])
def test_hours_and_half_hours_are_all_there(
    zone: str, *, is_folded: bool, interval: Interval, hours: float, actor: Actor
) -> None:
    requests = many(500, days=2)
    send(*requests, zone=zone)
    if is_folded:
        fold(zone)
    start = (
        moment("2026-03-26T18:30+00:00") if zone == CALCUTTA else moment("2026-03-26T10:00+00:00")
    )
    period = Period(start, start + timedelta(hours=20), zone)
    found = latency(AiMetricsQuery(period), actor, interval).series
    assert [each.at for each in found] == starts(period, hours)
    for each in found:
        wanted = times(inside(requests, each.at, each.at + timedelta(hours=hours)))
        assert each.requests == len(wanted)
        assert each.p95 == near(rank(wanted, 0.95))


@pytest.mark.parametrize("watched", [Watched(), Watched(release="1")])
@pytest.mark.parametrize("is_folded", [True, False])
def test_days_are_those_of_the_zone_also_when_clocks_change(
    watched: Watched, *, is_folded: bool, actor: Actor
) -> None:
    requests = many(900)
    send(*requests, zone=BERLIN)
    if is_folded:
        fold(BERLIN)
    kept = [each for each in requests if watched.release in (None, each.release)]
    found = latency(AiMetricsQuery(CLOCKS_CHANGE, watched), actor, Interval.DAY).series
    edges = [
        moment(f"2026-03-{day}T00:00{shift}")
        for day, shift in (("28", "+01"), ("29", "+01"), ("30", "+02"), ("31", "+02"))
    ]
    assert [each.at for each in found] == edges[:3]
    for each, end in zip(found, edges[1:], strict=True):
        wanted = times(inside(kept, each.at, end))
        assert each.requests == len(wanted) > 0
        for name, q in (("p50", 0.5), ("p75", 0.75), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
            assert getattr(each, name) == near(rank(wanted, q))


def test_a_ragged_range_begins_with_a_part_of_a_day(actor: Actor) -> None:
    requests = many(600)
    send(*requests[:300])
    fold()
    send(*requests[300:])
    period = Period(moment("2026-03-26T22:17+00:00"), moment("2026-03-28T01:05+00:00"))
    found = latency(AiMetricsQuery(period), actor, Interval.DAY).series
    assert [each.at.day for each in found] == [26, 27, 28]
    for each in found:
        own = inside(
            requests, max(period.start, each.at), min(period.end, each.at + timedelta(days=1))
        )
        assert each.requests == len(times(own))


@pytest.mark.parametrize("watched", [Watched(), Watched(release="2")])
def test_the_histogram_counts_every_request_that_has_a_time(watched: Watched, actor: Actor) -> None:
    requests = many(700, days=3)
    send(*requests)
    fold()
    kept = times([each for each in requests if watched.release in (None, each.release)])
    found = latency(
        AiMetricsQuery(Period(START, START + timedelta(days=3)), watched), actor
    ).histogram
    assert (found[0].from_ms, found[0].to_ms) == (0, 0)
    assert [bar.from_ms for bar in found[2:]] == [bar.to_ms for bar in found[1:-1]]
    for bar in found:
        wanted = [
            each for each in kept if (bar.from_ms < each <= bar.to_ms if bar.to_ms else each <= 0)
        ]
        assert bar.requests == len(wanted), bar
    assert sum(bar.requests for bar in found) == len(kept)


def test_of_nothing_there_are_points_without_values(actor: Actor) -> None:
    found = latency(AiMetricsQuery(CLOCKS_CHANGE), actor, Interval.HOUR)
    assert len(found.series) == 71  # one hour is not there
    assert {(each.requests, each.p50, each.avg) for each in found.series} == {(0, None, None)}
    assert found.histogram == []
    assert (found.overall.requests, found.overall.p99, found.previous.first_token.p50) == (
        0,
        None,
        None,
    )


def test_too_many_points_are_refused(actor: Actor) -> None:
    year = AiMetricsQuery(Period(START, START + timedelta(days=365)))
    for interval in (Interval.HOUR, Interval.HALF_HOUR):
        with pytest.raises(TooFine):
            latency(year, actor, interval)
    assert len(latency(year, actor, Interval.DAY).series) == 365


@pytest.mark.parametrize("arrive", [lambda: None, fold])
def test_tokens_and_cost_add_up_over_time_and_by_model(
    arrive: Callable[[], None], actor: Actor
) -> None:
    requests = many(500, days=3)
    send(*requests)
    arrive()
    with transaction() as session:
        found = series.tokens(
            session,
            AiMetricsQuery(Period(START, START + timedelta(days=3))),
            Interval.DAY,
            actor=actor,
        )
    wanted = by_hand(requests)
    for parts in (found.series, found.models):
        for name in (
            "total_requests",
            "input_tokens",
            "output_tokens",
            "total_tokens",
            "cost_usd",
            "unpriced_requests",
        ):
            assert (
                sum(getattr(each, name) for each in parts) == getattr(found, name) == wanted[name]
            ), name
    assert [each.total_tokens for each in found.models] == sorted(
        (each.total_tokens for each in found.models), reverse=True
    )


@pytest.mark.parametrize("arrive", [lambda: None, fold])
def test_errors_are_counted_over_time_by_model_and_by_type(
    arrive: Callable[[], None], actor: Actor
) -> None:
    requests = many(500, days=3)
    send(*requests)
    arrive()
    with transaction() as session:
        found = request_errors.errors(
            session, AiMetricsQuery(Period(START, START + timedelta(days=3))), actor=actor
        )
    wanted = by_hand(requests)
    assert (found.total_requests, found.error_count, found.error_rate) == tuple(
        wanted[name] for name in ("total_requests", "error_count", "error_rate")
    )
    assert (
        sum(each.error_count for each in found.series)
        == sum(each.error_count for each in found.models)
        == found.error_count
    )
    types = Counter(each.error_type for each in requests if each.status == "error")
    assert [(each.error_type, each.requests) for each in found.types] == types.most_common()
    assert sum(each.share for each in found.types) == pytest.approx(1)
    assert (found.previous.error_count, found.previous.error_rate) == (0, None)


def test_what_is_only_pending_has_no_rate(actor: Actor) -> None:
    send(request(START, status="pending"))
    with transaction() as session:
        found = request_errors.errors(
            session, AiMetricsQuery(Period(START, START + timedelta(days=1))), actor=actor
        )
    assert (found.total_requests, found.error_count, found.error_rate, found.types) == (
        1,
        0,
        None,
        [],
    )


@pytest.mark.usefixtures("database")
def test_an_error_says_what_it_was_and_when_it_was_last_seen() -> None:
    send(
        request(START, error_type="timeout"),
        request(START + timedelta(hours=1), error_type="timeout", error_message="30 s"),
    )
    send(request(START, status="error"))
    with transaction() as session:
        admin = person(Role.ADMIN).actor
        found = request_errors.errors(
            session, AiMetricsQuery(Period(START, START + timedelta(days=1))), actor=admin
        ).types
    assert [(each.error_type, each.requests, each.message) for each in found] == [
        ("timeout", 2, "30 s"),
        (None, 1, None),
    ]
    assert found[0].last_at == datetime(2026, 3, 26, 1, tzinfo=UTC)


@pytest.mark.usefixtures("database")
def test_a_type_of_error_has_its_latest_three_requests_also_when_others_are_newer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(request_errors, "NEWEST", 2)
    for type_, hours in (("old", range(5)), (None, range(5, 7)), ("new", range(7, 12))):
        for hour in hours:
            at, said = START + timedelta(hours=hour), f"at {hour}"
            send(request(at, status="error", error_type=type_, error_message=said))
    asked = AiMetricsQuery(Period(START, START + timedelta(days=1)))
    with transaction() as session:
        by_role = {
            role: request_errors.errors(session, asked, actor=person(role).actor).types
            for role in (Role.ADMIN, Role.ANALYST)
        }
    found = {
        each.error_type: [one.error_message for one in each.samples] for each in by_role[Role.ADMIN]
    }
    assert found == {
        "old": ["at 4", "at 3", "at 2"],
        None: ["at 6", "at 5"],
        "new": ["at 11", "at 10", "at 9"],
    }
    assert {one.error_message for each in by_role[Role.ANALYST] for one in each.samples} == {None}


def test_series_are_for_those_who_watch() -> None:
    reviewer = person(Role.REVIEWER).actor
    with transaction() as session:
        for ask in (series.latency, series.tokens, request_errors.errors):
            with pytest.raises(Forbidden):
                ask(session, AiMetricsQuery(CLOCKS_CHANGE), actor=reviewer)


@pytest.mark.parametrize("zone", [BERLIN, CALCUTTA, "UTC"])
@pytest.mark.parametrize("watched", [Watched(), Watched(release="1")])
def test_totals_and_bars_are_those_of_all_hours_whatever_the_interval(
    zone: str, watched: Watched, actor: Actor
) -> None:
    now = clock.now()
    send(
        *(
            request(
                now - timedelta(minutes=37 * number),
                total_latency_ms=number,
                release=str(number % 2),
            )
            for number in range(200)
        )
    )
    for end in (now + timedelta(days=1), now - timedelta(hours=40)):
        asked = AiMetricsQuery(Period(end - timedelta(days=6), end, zone), watched)
        by_hour, by_day = (latency(asked, actor, each) for each in (Interval.HOUR, Interval.DAY))
        assert (by_hour.overall, by_hour.first_token, by_hour.histogram) == (
            by_day.overall,
            by_day.first_token,
            by_day.histogram,
        )
        with transaction() as session:
            assert by_hour.overall == series.percentiles_before(session, asked).overall
        assert sum(each.requests for each in by_hour.series) == by_hour.overall.requests > 0


def test_a_period_is_read_once_for_its_hours_totals_and_bars(actor: Actor) -> None:
    send(request(START, total_latency_ms=5))
    asked, statements = (
        AiMetricsQuery(Period(START - timedelta(minutes=7), START + timedelta(minutes=47))),
        [],
    )
    with transaction() as session:
        connection = session.connection()
        event.listen(
            connection, "before_cursor_execute", lambda *given: statements.append(given[2])
        )
        series.latency(session, asked, Interval.HOUR, actor=actor)
        kpis.ai_request_kpis(session, asked, actor=actor)
    assert len(statements) == 4  # each of them a period, and the one before


def test_other_periods_and_values_of_filters_take_no_other_statement(actor: Actor) -> None:
    send(request(START, total_latency_ms=5), request(START, model="b", total_latency_ms=7))
    odd = [
        Period(START - timedelta(days=days, minutes=7), START + timedelta(minutes=47), "UTC")
        for days in (0, 3, 9)
    ]
    with transaction() as session:
        built = []
        for model in ("a", "b"):
            found = [
                series.latency(
                    session, AiMetricsQuery(period, model=model), Interval.HOUR, actor=actor
                )
                for period in odd
            ]
            assert {each.overall.p50 for each in found} == {found[0].overall.p50}
            built.append(statement_of.cache_info().misses)
            assert found[0].overall.requests == 1
    assert built[1] == built[0]


def test_in_a_large_workspace_the_types_of_errors_are_those_of_a_moment_ago(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_workspaces, "LARGE_ROWS", 0)
    asked, found = AiMetricsQuery(Period(START, START + timedelta(days=1))), []
    for number in range(2):
        send(request(START, id=f"failed-{number}", status="error", error_type=f"type-{number}"))
        with transaction() as session:
            found.append(request_errors.errors(session, asked, actor=actor))
    assert [each.error_count for each in found] == [1, 2]
    assert [[kind.error_type for kind in each.types] for each in found] == [["type-0"], ["type-0"]]


@pytest.mark.parametrize("zone", [BERLIN, "UTC"])
def test_of_very_many_days_a_week_is_a_point(zone: str, actor: Actor) -> None:
    requests = many(200, days=20)
    send(*requests, zone=zone)
    fold(zone)
    start = midnight(date(2025, 3, 12), zone)
    found = latency(AiMetricsQuery(Period(start, start + 401 * timedelta(days=1), zone)), actor)
    assert found.interval is Interval.WEEK
    assert len(found.series) == 58
    assert {each.at.astimezone(ZoneInfo(zone)).strftime("%a %H") for each in found.series} == {
        "Mon 00"
    }
    weeks = Counter(
        week_of(each.created_at, zone) for each in requests if times([each]) and each.created_at
    )
    assert {each.at: each.requests for each in found.series if each.requests} == weeks


def week_of(at: datetime, zone: str) -> datetime:
    day = at.astimezone(ZoneInfo(zone)).date()
    return midnight(day - timedelta(days=day.weekday()), zone)
