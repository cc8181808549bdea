"""Figures of one release, prompt version, arm, type of error or tool come from rollups, and equal
counting the requests.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text

from core.ai_metrics import repricing
from core.ai_metrics.ingest import dimension_backfill
from core.ai_metrics.ingest.rollups import MOST_VALUES
from core.ai_metrics.queries import figures, series
from core.ai_metrics.queries.requests import request_errors
from core.ai_metrics.queries.rollup_coverage import needs_raw_rows
from core.ai_metrics.repricing import Reprice, RepriceProgress
from core.ai_metrics.schemas import NewRequest
from core.ai_metrics.views import AiMetricsQuery, Figures, Interval
from core.database import settings
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor, Role
from core.imports.service.undo.undo import undo
from core.ingest.prompts import PromptReference
from core.platform import clock
from core.platform.ids import new_id
from core.presentation.periods import Period, Watched
from core.system.service.verification import verify
from tests.core.ai_metrics.test_figures import PERIODS, STATES, WHOLE, ZONE, folded, in_deltas, same
from tests.factories.ai_metrics import START, by_hand, fold, inside, many, request, send
from tests.factories.identity import person
from tests.factories.imports import send as send_as_import
from tests.factories.requests import ai_requests, price

pytestmark = pytest.mark.usefixtures("database")
VALUES: dict[str, Callable[[NewRequest], object]] = {
    "release": lambda each: each.release,
    "prompt_version": lambda each: f"{each.prompt_name}@{each.prompt_version}",
    "experiment_arm": lambda each: f"{each.experiment_key}:{each.experiment_arm}",
    "error_type": lambda each: each.error_type,
    "tool": lambda each: {call.get("name") for call in each.tool_calls or []},
}
ONES = {
    "release": "1",
    "prompt_version": "support@7",
    "experiment_arm": "tone:warm",
    "error_type": "timeout",
    "tool": "search",
}


@pytest.fixture
def actor(database: Postgres) -> Actor:
    return person(Role.ANALYST).actor


def varied(count: int, *, seed: int = 5) -> list[NewRequest]:
    """Return requests of which some name prompts, arms and tools, one of them twice."""
    chance, requests = random.Random(seed), many(count, seed=seed)
    for each in requests:
        if chance.random() < 0.5:
            each.prompt_name, each.prompt_version = "support", chance.choice(["7", "8"])
        if chance.random() < 0.5:
            each.experiment_key, each.experiment_arm = "tone", chance.choice(["warm", "plain"])
        names = chance.choices(["search", "mail", 7], k=chance.choice([0, 0, 1, 3]))
        each.tool_calls = [{"name": name} for name in names] or None
    return requests


def of_one(requests: list[NewRequest], name: str) -> list[NewRequest]:
    """Return the requests of the whole period with the value that is asked for."""
    in_period = inside(requests, WHOLE.start, WHOLE.end)
    found = [(each, VALUES[name](each)) for each in in_period]
    return [each for each, value in found if value == ONES[name] or ONES[name] in _set(value)]


def _set(value: object) -> set[object]:
    return value if isinstance(value, set) else set()


def asking(period: Period, **named: Any) -> AiMetricsQuery:  # noqa: ANN401  filters
    watched = Watched(release=named.pop("release", None), app=named.pop("app", None))
    return AiMetricsQuery(period, watched, **named)


def summed(asked: AiMetricsQuery, actor: Actor) -> Figures:
    with transaction() as session:
        return figures.summary(session, asked, actor=actor)


def reads_rows(asked: AiMetricsQuery) -> bool:
    with transaction() as session:
        return needs_raw_rows(session, asked)


def differing() -> list[tuple[str, list[str]]]:
    return [(check.table, check.examples) for check in verify.verify() if check.differences]


def forget_rows() -> None:
    with transaction() as session:
        session.execute(text("delete from ai_request_metrics"))


@STATES
def test_figures_of_one_value_are_those_of_its_requests_in_any_period(
    arrive: Callable[[list[NewRequest]], None], actor: Actor
) -> None:
    requests = varied(600)
    arrive(requests)
    for name, period in product(VALUES, PERIODS.values()):
        check_one_value(requests, name, period, actor)


def check_one_value(requests: list[NewRequest], name: str, period: Period, actor: Actor) -> None:
    kept = of_one(requests, name)
    assert kept
    asked = asking(period, **{name: ONES[name]})
    same(summed(asked, actor), by_hand(inside(kept, period.start, period.end)))
    of_model = [each for each in kept if (each.model, each.app) == ("a", "web")]
    asked = replace(asked, model="a", watched=replace(asked.watched, app="web"))
    same(summed(asked, actor), by_hand(inside(of_model, period.start, period.end)))


def test_figures_of_one_value_need_no_raw_rows(actor: Actor) -> None:
    requests = varied(400)
    folded(requests[:300])
    in_deltas(requests[300:])
    forget_rows()
    for name in VALUES:
        check_without_rows(requests, name, actor)


def check_without_rows(requests: list[NewRequest], name: str, actor: Actor) -> None:
    asked, kept = asking(WHOLE, **{name: ONES[name]}), of_one(requests, name)
    same(summed(asked, actor), by_hand(kept))
    with transaction() as session:
        models = figures.models(session, asked, actor=actor)
        tokens = series.tokens(session, asked, actor=actor)
        latency = series.latency(session, asked, actor=actor)
        errors = request_errors.error_series(session, asked, Interval.HALF_HOUR)
    assert sum(each.total_requests for each in models) == len(kept)
    assert sum(each.total_requests for each in tokens.series) == len(kept)
    assert sum(each.requests for each in latency.series) == latency.overall.requests
    assert sum(bar.requests for bar in latency.histogram) == latency.overall.requests
    assert sum(each.error_count for each in errors) == by_hand(kept)["error_count"]


def test_two_values_are_counted_from_the_rows(actor: Actor) -> None:
    requests = varied(400)
    folded(requests)
    asked = asking(WHOLE, release="1", error_type="timeout")
    assert reads_rows(asked)
    kept = of_one(of_one(requests, "release"), "error_type")
    same(summed(asked, actor), by_hand(kept), is_exact=True)


def test_requests_sent_again_count_once(actor: Actor) -> None:
    requests = varied(200)
    for number, each in enumerate(requests):
        each.id = str(number)
    folded(requests)
    in_deltas(requests)
    for name, value in ONES.items():
        same(summed(asking(WHOLE, **{name: value}), actor), by_hand(of_one(requests, name)))
    assert differing() == []


def test_requests_of_an_undone_import_are_taken_out_again(actor: Actor) -> None:
    requests, ours = varied(200), new_id()
    folded(requests)
    same_day = {"created_at": START.isoformat(), "model": "a", "provider": "acme", "release": "1"}
    more = {"prompt": {"name": "support", "version": 7}, "tool_calls": [{"name": "search"}]}
    send_as_import("request", same_day | more, same_day | {"error_type": "E"}, import_id=ours)
    fold(ZONE)
    undo(ours)
    for state in ("deltas", "folded"):
        for name, value in ONES.items():
            found = summed(asking(WHOLE, **{name: value}), actor)
            same(found, by_hand(of_one(requests, name)))
        assert differing() == [], state
        fold(ZONE)


def releases(count: int) -> list[NewRequest]:
    """Return a request of each of some releases, and another, in the order of their names."""
    names = [f"r{number:03}" for number in range(count)]
    return [request(START + timedelta(hours=1), release=name) for name in names * 2]


def test_values_after_the_first_two_hundred_are_counted_from_the_rows(actor: Actor) -> None:
    requests = releases(MOST_VALUES + 2)
    send(*requests[:MOST_VALUES])
    send(*requests[MOST_VALUES:])
    fold(ZONE)
    for name, is_counted in (("r199", False), ("r200", True), ("r201", True), ("r9", False)):
        asked = asking(replace(WHOLE, end=START + timedelta(days=3)), release=name)
        assert reads_rows(asked) is (is_counted or name == "r9"), name
        assert summed(asked, actor).total_requests == (0 if name == "r9" else 2)
    assert differing() == []


def test_a_month_has_room_for_values_that_came_late_in_the_month_before(actor: Actor) -> None:
    send(*releases(MOST_VALUES)[:MOST_VALUES])
    send(request(START, release="r200"))
    fold(ZONE)
    send(request("2026-04-02T10:00+00:00", release="r200"))
    april = Period(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), "UTC")
    for _ in range(2):
        assert not reads_rows(asking(april, release="r200"))
        assert summed(asking(april, release="r200"), actor).total_requests == 1
        fold(ZONE)
    assert differing() == []


def test_long_values_are_counted_from_the_rows(actor: Actor) -> None:
    send(request(START, release="x" * 201), request(START, release="x" * 200))
    fold(ZONE)
    for length in (200, 201):
        assert summed(asking(WHOLE, release="x" * length), actor).total_requests == 1
    assert differing() == []


def test_an_empty_or_missing_value_is_counted_from_the_rows(actor: Actor) -> None:
    requests = varied(100)
    folded([*requests, request(START, release="")])
    assert summed(asking(WHOLE, release=""), actor).total_requests == 1
    missing = sum(each.error_type is None for each in requests) + 1
    assert summed(asking(WHOLE, error_type="(none)"), actor).total_requests == missing


def as_before_these_rollups(requests: list[NewRequest]) -> None:
    """Store requests as a workspace has them that comes from an earlier version."""
    folded(requests)
    with transaction() as session:
        for table in ("ai_dimension_rollups", "ai_dimension_values", "tool_dimension_rollups"):
            session.execute(text(f"delete from {table}"))
        session.execute(text("update ai_request_rollups set priced = 0, cost_squares = 0"))
        since = clock.now() + timedelta(days=2)
        for reach in (settings.DimensionRollups, settings.ToolDimensionRollups):
            settings.write(session, reach(since=since, arrived_before=clock.now()), by=None)


def test_stored_requests_are_added_once_and_those_that_arrive_meanwhile_too(actor: Actor) -> None:
    requests = varied(400)
    as_before_these_rollups(requests[:300])
    in_deltas(requests[300:])
    asked = asking(WHOLE, release="1")
    assert reads_rows(asked)
    for _ in range(2):
        dimension_backfill.build()
        fold(ZONE)
        assert not reads_rows(asked)
        for name, value in ONES.items():
            same(summed(asking(WHOLE, **{name: value}), actor), by_hand(of_one(requests, name)))
        assert differing() == []


def test_a_building_that_was_cut_short_goes_on_where_it_was(actor: Actor) -> None:
    requests = varied(300)
    as_before_these_rollups(requests)
    with transaction() as session:
        assert dimension_backfill._build_day(session)  # noqa: SLF001  as a killed process leaves it
    later = Period(START + timedelta(days=4), WHOLE.end, WHOLE.zone)
    assert (reads_rows(asking(WHOLE, tool="mail")), reads_rows(asking(later, tool="mail"))) == (
        True,
        False,
    )
    assert differing() == []
    dimension_backfill.build()
    assert not reads_rows(asking(WHOLE, tool="mail"))
    assert differing() == []


def test_an_undo_before_all_is_built_takes_nothing_out_that_was_not_in() -> None:
    ours = new_id()
    send_as_import("request", {"created_at": START.isoformat(), "model": "a", "release": "1"})
    sent = {"created_at": (START + timedelta(days=1)).isoformat(), "model": "a", "release": "1"}
    send_as_import("request", sent, import_id=ours)
    as_before_these_rollups([])
    undo(ours)
    dimension_backfill.build()
    fold(ZONE)
    assert differing() == []


def test_a_prompt_with_a_label_is_a_value_of_its_own(actor: Actor) -> None:
    named = PromptReference(name="support", label="production")
    send(request(START, prompt=named), request(START, prompt_name="support"))
    fold(ZONE)
    for title in ("support@production", "support"):
        assert not reads_rows(asking(WHOLE, prompt_version=title))
        assert summed(asking(WHOLE, prompt_version=title), actor).total_requests == 1


def test_new_prices_change_the_cost_of_a_value(actor: Actor) -> None:
    boss, at = person().actor, datetime(2026, 7, 1, 12, tzinfo=UTC)
    priced = {"created_at": at, "model": "own", "release": "1", "input_tokens": 1_000_000}
    ai_requests(priced | {"tool_calls": [{"name": "search"}]}, priced | {"release": "2"})
    price(boss, "own", at - timedelta(days=1))
    given = Reprice(start=at - timedelta(days=1), end=at + timedelta(days=1), dry_run=False)
    repricing.reprice_days(RepriceProgress(repricing.span_of(given), dry_run=False))
    whole = Period(at - timedelta(days=1), at + timedelta(days=1), ZONE)
    for _ in range(2):
        for name in ("release", "tool"):
            found = summed(asking(whole, **{name: ONES[name]}), actor)
            assert (found.cost_usd, found.unpriced_requests) == (Decimal(1), 0)
        assert differing() == []
        fold(ZONE)
