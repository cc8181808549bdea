"""Tools of requests with one value of a filter come from rollups, and equal counting the calls."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text

from core.ai_metrics.ingest import dimension_backfill
from core.ai_metrics.queries import tools
from core.ai_metrics.queries.rollup_coverage import tools_need_raw_rows
from core.ai_metrics.schemas import NewRequest
from core.ai_metrics.views import AiMetricsQuery, ToolFigures
from core.database import settings
from core.database.db import transaction
from core.imports.service.undo.undo import undo
from core.platform import clock
from core.platform.ids import new_id
from tests.core.ai_metrics.rollups.test_rollup_coverage import (
    ONES,
    asking,
    differing,
    forget_rows,
    of_one,
)
from tests.core.ai_metrics.rollups.test_rollup_coverage import varied as varied_requests
from tests.core.ai_metrics.test_figures import PERIODS, STATES, WHOLE, ZONE, folded, in_deltas
from tests.factories.ai_metrics import START, fold, inside, near, rank
from tests.factories.imports import send as send_as_import

pytestmark = pytest.mark.usefixtures("database")
FILTERS = ONES | {"model": "a", "provider": "acme", "status": "error"}


def varied(count: int, *, seed: int = 5) -> list[NewRequest]:
    """Return requests whose calls took some time, or failed."""
    chance, requests = random.Random(seed), varied_requests(count, seed=seed)
    for each in requests:
        for call in each.tool_calls or []:
            call |= {"duration_ms": chance.randint(1, 5000)} if chance.random() < 0.8 else {}
            call |= {"error": "late"} if chance.random() < 0.2 else {}
    return requests


def kept(requests: list[NewRequest], name: str) -> list[NewRequest]:
    if name in ONES:
        return of_one(requests, name)
    return [each for each in requests if str(getattr(each, name)) == FILTERS[name]]


def found(asked: AiMetricsQuery) -> list[ToolFigures]:
    with transaction() as session:
        return tools.tool_figures(session, asked)


def same(asked: AiMetricsQuery, requests: list[NewRequest]) -> None:
    """Assert that figures equal those of all calls, counted one by one."""
    calls = [
        (str(call.get("name", "")), call)
        for each in inside(requests, asked.period.start, asked.period.end)
        for call in each.tool_calls or []
    ]
    figures = {each.tool: each for each in found(asked)}
    assert {name: each.calls for name, each in figures.items()} == Counter(
        name for name, _ in calls
    )
    for name, each in figures.items():
        own = [call for of, call in calls if of == name]
        times = [call["duration_ms"] for call in own if "duration_ms" in call]
        assert each.error_count == sum("error" in call for call in own)
        if times:
            assert each.avg_duration_ms == pytest.approx(sum(times) / len(times), abs=0.51)
            assert each.p95_duration_ms == near(rank(times, 0.95))


def reads_rows(asked: AiMetricsQuery) -> bool:
    with transaction() as session:
        return tools_need_raw_rows(session, asked)


@STATES
def test_tools_of_one_value_are_those_of_its_requests_in_any_period(
    arrive: Callable[[list[NewRequest]], None],
) -> None:
    requests = varied(400)
    arrive(requests)
    for name, period in product(FILTERS, PERIODS.values()):
        some = kept(requests, name)
        assert some, name
        asked = asking(period, **{name: FILTERS[name]})
        same(asked, some)
        of_model = [each for each in some if (each.model, each.app) == ("a", "web")]
        same(replace(asked, model="a", watched=replace(asked.watched, app="web")), of_model)


def test_tools_of_one_value_need_no_raw_rows() -> None:
    requests = varied(300)
    folded(requests[:200])
    in_deltas(requests[200:])
    forget_rows()
    for name in FILTERS:
        same(asking(WHOLE, **{name: FILTERS[name]}), kept(requests, name))


def test_two_values_are_counted_from_the_rows() -> None:
    requests = varied(300)
    folded(requests)
    asked = asking(WHOLE, release="1", error_type="timeout")
    assert reads_rows(asked)
    same(asked, of_one(of_one(requests, "release"), "error_type"))


def test_calls_of_an_undone_import_are_taken_out_again() -> None:
    requests, ours = varied(200), new_id()
    folded(requests)
    sent = {"created_at": START.isoformat(), "model": "a", "provider": "acme", "release": "1"}
    more = {"prompt": {"name": "support", "version": 7}, "tool_calls": [{"name": "search"}]}
    send_as_import("request", sent | more, sent | {"error_type": "E"}, import_id=ours)
    fold(ZONE)
    undo(ours)
    for _ in ("in deltas", "folded"):
        for name, value in FILTERS.items():
            same(asking(WHOLE, **{name: value}), kept(requests, name))
        assert differing() == []
        fold(ZONE)


def as_before_these_rollups(requests: list[NewRequest]) -> None:
    """Store requests as a workspace has them that comes from an earlier version."""
    folded(requests)
    with transaction() as session:
        session.execute(text("delete from tool_dimension_rollups"))
        since, now = clock.now() + timedelta(days=2), clock.now()
        pending = settings.ToolDimensionRollups(since=since, arrived_before=now)
        settings.write(session, pending, by=None)


def test_stored_calls_are_added_once_and_those_that_arrive_meanwhile_too() -> None:
    requests = varied(300)
    as_before_these_rollups(requests[:200])
    in_deltas(requests[200:])
    asked = asking(WHOLE, release="1")
    assert reads_rows(asked)
    same(asked, of_one(requests, "release"))
    for _ in range(2):
        dimension_backfill.build()
        fold(ZONE)
        assert not reads_rows(asked)
        for name, value in FILTERS.items():
            same(asking(WHOLE, **{name: value}), kept(requests, name))
        assert differing() == []


def test_an_undo_before_all_is_built_takes_nothing_out_that_was_not_in() -> None:
    ours = new_id()
    sent: dict[str, Any] = {"model": "a", "release": "1", "tool_calls": [{"name": "search"}]}
    send_as_import("request", sent | {"created_at": START.isoformat()})
    send_as_import("request", sent | {"created_at": START.isoformat()}, import_id=ours)
    as_before_these_rollups([])
    undo(ours)
    dimension_backfill.build()
    fold(ZONE)
    assert differing() == []
