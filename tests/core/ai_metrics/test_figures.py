"""The summary of AI requests equals counting them, whether their rows are raw, deltas or
rollups.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.ai_metrics.queries import figures
from core.ai_metrics.queries.requests import request_lists
from core.ai_metrics.schemas import NewRequest, RequestStatus
from core.ai_metrics.views import AiMetricsQuery, AiMetricsSummary, Figures
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.errors import Forbidden
from core.identity.schemas import Actor, Role
from core.presentation.periods import Period, Watched, midnight
from tests.factories.ai_metrics import (
    START,
    by_hand,
    fold,
    inside,
    many,
    moment,
    near,
    request,
    send,
)
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
ZONE = "Europe/Berlin"
# The 26th to the 30th, in Berlin
WHOLE = Period(START - timedelta(hours=1), datetime(2026, 3, 30, 22, tzinfo=UTC), ZONE)


@pytest.fixture
def actor(database: Postgres) -> Actor:
    return person(Role.ANALYST).actor


def summed(asked: AiMetricsQuery, actor: Actor) -> AiMetricsSummary:
    with transaction() as session:
        return figures.summary(session, asked, actor=actor)


def same(found: Figures, wanted: dict[str, Any], *, is_exact: bool = False) -> None:
    """Compare figures: exactly, except percentiles, which rollups have within 1%."""
    given = found.model_dump()
    for name, value in wanted.items():
        is_percentile = name.startswith("p") and name.endswith("_ms")
        assert given[name] == (near(value) if is_percentile and not is_exact else value), name


def in_deltas(requests: list[NewRequest]) -> None:
    for first in range(0, len(requests), 150):
        send(*requests[first : first + 150], zone=ZONE)


def folded(requests: list[NewRequest]) -> None:
    in_deltas(requests)
    fold(ZONE)


def in_both(requests: list[NewRequest]) -> None:
    folded(requests[::2])
    in_deltas(requests[1::2])


KNOWN: tuple[dict[str, Any], ...] = (
    {"provider": "acme"},
    {"model": "a"},
    {"provider": "umbra", "model": "b"},
    {"status": RequestStatus.OK},
    {"status": RequestStatus.ERROR, "model": "a"},
    {"status": RequestStatus.PENDING},
    {"provider": "nobody"},
)
STATES = pytest.mark.parametrize("arrive", [in_deltas, folded, in_both])
PERIODS = {
    "whole days": WHOLE,
    "half hours": Period(moment("2026-03-26T10:30+00:00"), moment("2026-03-28T17:00+00:00"), ZONE),
    "ragged": Period(
        moment("2026-03-26T10:07:13+00:00"), moment("2026-03-29T17:59:59+00:00"), ZONE
    ),
    "half an hour": Period(
        moment("2026-03-27T10:00+00:00"), moment("2026-03-27T10:30+00:00"), ZONE
    ),
    "a quarter": Period(moment("2026-03-27T10:10+00:00"), moment("2026-03-27T10:25+00:00"), ZONE),
    "across a half hour": Period(
        moment("2026-03-27T10:20+00:00"), moment("2026-03-27T10:40+00:00"), ZONE
    ),
    "the day of 23 hours": Period(
        midnight(moment("2026-03-29T12:00+00:00").date(), ZONE),
        moment("2026-03-29T22:00+00:00"),
        ZONE,
    ),
    "before all": Period(moment("2026-02-01T00:00+00:00"), moment("2026-02-10T00:00+00:00"), ZONE),
    "the future": Period(moment("2090-01-01T00:00+00:00"), moment("2090-02-01T00:00+00:00"), ZONE),
}


@STATES
def test_figures_are_what_one_counts_by_hand_in_any_period(
    arrive: Callable[[list[NewRequest]], None], actor: Actor
) -> None:
    requests = many(1500)
    arrive(requests)
    for period in PERIODS.values():
        found = summed(AiMetricsQuery(period), actor)
        same(found, by_hand(inside(requests, period.start, period.end)))
        same(found.previous, by_hand(inside(requests, period.previous.start, period.previous.end)))
        assert (found.start, found.end) == (period.start, period.end)


@STATES
def test_what_rollups_know_filters_them(
    arrive: Callable[[list[NewRequest]], None], actor: Actor
) -> None:
    requests = many(600)
    arrive(requests)
    for given in KNOWN:
        filters_them(requests, given, actor)


def filters_them(requests: list[NewRequest], given: dict[str, Any], actor: Actor) -> None:
    kept = [
        each
        for each in requests
        if all(getattr(each, name) == value for name, value in given.items())
    ]
    for period in (WHOLE, PERIODS["ragged"]):
        same(
            summed(replace(AiMetricsQuery(period), **given), actor),
            by_hand(inside(kept, period.start, period.end)),
        )


@pytest.mark.parametrize(
    ("watched", "conversation", "wanted"),
    [
        (Watched(user_id="u3"), None, lambda each: each.user_id == "u3"),
        (
            Watched(release="2", user_id="u3"),
            None,
            lambda each: (each.release, each.user_id) == ("2", "u3"),
        ),
        (Watched(), "c4", lambda each: each.conversation_id == "c4"),
        (Watched(user_id="nobody"), None, lambda _each: False),
    ],
)
def test_what_they_do_not_know_is_counted_from_the_rows_exactly(
    watched: Watched, conversation: str | None, wanted: Callable[[NewRequest], bool], actor: Actor
) -> None:
    requests = many(600)
    in_both(requests)
    kept = [each for each in requests if wanted(each)]
    for period in (WHOLE, PERIODS["ragged"]):
        found = summed(AiMetricsQuery(period, watched, conversation=conversation), actor)
        same(found, by_hand(inside(kept, period.start, period.end)), is_exact=True)


def test_environments_and_apps_are_apart(actor: Actor) -> None:
    requests, others = many(400, days=4), many(50, days=4, seed=8)
    in_both(requests)
    send(*others, environment="staging")
    same(
        summed(AiMetricsQuery(WHOLE, Watched(app="web")), actor),
        by_hand([each for each in requests if each.app == "web"]),
    )
    same(summed(AiMetricsQuery(WHOLE, Watched("staging")), actor), by_hand(others))
    assert summed(AiMetricsQuery(WHOLE, Watched("elsewhere")), actor).total_requests == 0


def test_of_nothing_at_all_there_are_zeros_and_nulls(actor: Actor) -> None:
    for asked in (
        AiMetricsQuery(WHOLE),
        AiMetricsQuery(WHOLE, Watched(release="1")),
        AiMetricsQuery(PERIODS["a quarter"]),
    ):
        same(summed(asked, actor), by_hand([]))


@pytest.mark.parametrize(
    "fields",
    [
        {"total_latency_ms": 0, "first_token_ms": 0},
        {"total_latency_ms": -40, "first_token_ms": -40},
        {"total_latency_ms": 1, "first_token_ms": 1},
        {"total_latency_ms": 1234, "cost_usd": None},
        {"status": "pending", "total_latency_ms": 50},
        {"status": "error", "error_type": "timeout", "total_latency_ms": 30_000},
    ],
    ids=str,
)
def test_one_row_alone_is_right_from_the_first_moment_and_after_folding(
    fields: dict[str, Any], actor: Actor
) -> None:
    one = request("2026-03-27T10:05+00:00", **fields)
    send(one)
    for _ in range(2):
        same(summed(AiMetricsQuery(WHOLE), actor), by_hand([one]))
        same(summed(AiMetricsQuery(PERIODS["half an hour"]), actor), by_hand([one]))
        fold()


def test_times_longer_than_a_day_count_as_a_day(actor: Actor) -> None:
    send(request("2026-03-27T10:05+00:00", total_latency_ms=200_000_000))
    for watched in (Watched(), Watched(release="")):
        found = summed(AiMetricsQuery(WHOLE, watched), actor)
        assert found.avg_latency_ms == 86_400_000
        assert found.p50_latency_ms == pytest.approx(86_400_000, rel=0.01)


@STATES
def test_models_stand_side_by_side(
    arrive: Callable[[list[NewRequest]], None], actor: Actor
) -> None:
    requests = many(800)
    arrive(requests)
    with transaction() as session:
        found = figures.models(session, AiMetricsQuery(PERIODS["ragged"]), actor=actor)
    kept = inside(requests, PERIODS["ragged"].start, PERIODS["ragged"].end)
    assert {(each.provider, each.model) for each in found} == {
        (each.provider, each.model) for each in kept
    }
    assert [each.total_requests for each in found] == sorted(
        (each.total_requests for each in found), reverse=True
    )
    for each in found:
        own = [one for one in kept if (one.provider, one.model) == (each.provider, each.model)]
        same(each, by_hand(own))
        assert each.share == len(own) / len(kept)


def test_a_sender_who_names_a_star_is_not_taken_for_all(actor: Actor) -> None:
    send(
        request(START, provider="*", model="*"),
        request(START, provider="*"),
        request(START, model="*"),
        request(START),
    )
    for _ in range(2):
        assert summed(AiMetricsQuery(WHOLE), actor).total_requests == 4
        assert summed(AiMetricsQuery(WHOLE, model="*"), actor).total_requests == 2
        fold()


def test_figures_are_for_those_who_watch() -> None:
    reviewer = person(Role.REVIEWER).actor
    with transaction() as session:
        for ask in (figures.summary, figures.models, request_lists.count_requests):
            with pytest.raises(Forbidden):
                ask(session, AiMetricsQuery(WHOLE), actor=reviewer)
