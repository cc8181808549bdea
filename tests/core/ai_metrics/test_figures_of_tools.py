"""Tool calls within requests: count, duration, and failures."""

from datetime import timedelta
from typing import Any

import pytest

from core.ai_metrics.queries import tools
from core.ai_metrics.schemas import RequestStatus
from core.ai_metrics.views import AiMetricsQuery, ToolFigures, Tools
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.errors import Forbidden
from core.identity.schemas import Actor, Role
from core.presentation.periods import Period, Watched
from tests.factories.ai_metrics import START, fold, moment, near, rank, request, send
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
WEEK = Period(START, START + timedelta(days=7))


@pytest.fixture
def actor(database: Postgres) -> Actor:
    return person(Role.ANALYST).actor


def called(asked: AiMetricsQuery, actor: Actor) -> Tools:
    with transaction() as session:
        return tools.tools(session, asked, actor=actor)


def calls(*durations: int | None, name: str = "search", **more: object) -> list[dict[str, Any]]:
    return [
        {"name": name, **({} if each is None else {"duration_ms": each}), **more}
        for each in durations
    ]


def figures(found: Tools) -> dict[str, tuple[object, ...]]:
    def of(each: ToolFigures) -> tuple[object, ...]:
        return each.calls, each.error_count, each.avg_duration_ms

    return {each.tool: of(each) for each in found.tools}


def send_some() -> None:
    send(
        request(
            START,
            tool_calls=calls(100, 200, 0) + calls(40, name="book", error="no seat"),
            release="1",
        ),
        request(
            START + timedelta(days=1),
            tool_calls=calls(None),
            release="2",
            model="b",
            status="error",
        ),
        request(START - timedelta(hours=1), tool_calls=calls(7)),
        request(START + timedelta(days=2)),
    )


@pytest.mark.parametrize("is_folded", [False, True])
def test_each_tool_has_its_calls_failures_and_times(*, is_folded: bool, actor: Actor) -> None:
    send_some()
    if is_folded:
        fold()
    found = called(AiMetricsQuery(WEEK), actor)
    assert figures(found) == {"search": (4, 0, 100), "book": (1, 1, 40)}
    assert (found.calls, found.error_count, found.error_rate) == (5, 1, 0.2)
    assert [(each.tool, each.share, each.error_rate) for each in found.tools] == [
        ("search", 0.8, 0.0),
        ("book", 0.2, 1.0),
    ]
    assert found.tools[0].p95_duration_ms == near(rank([100, 200, 0], 0.95))
    assert (found.previous.calls, found.previous.error_rate) == (1, 0.0)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"model": "b"}, {"search": (1, 0, None)}),
        ({"status": RequestStatus.ERROR}, {"search": (1, 0, None)}),
        ({"watched": Watched(release="1")}, {"search": (3, 0, 100), "book": (1, 1, 40)}),
        ({"watched": Watched("staging")}, {}),
        ({"provider": "nobody"}, {}),
    ],
    ids=str,
)
@pytest.mark.parametrize("is_folded", [False, True])
def test_filters_hold(
    given: dict[str, Any], wanted: dict[str, Any], *, is_folded: bool, actor: Actor
) -> None:
    send_some()
    if is_folded:
        fold()
    assert figures(called(AiMetricsQuery(WEEK, **given), actor)) == wanted


def test_less_than_half_an_hour_is_read_from_the_requests(actor: Actor) -> None:
    send(
        request("2026-03-27T10:05+00:00", tool_calls=calls(10)),
        request("2026-03-27T10:20+00:00", tool_calls=calls(30)),
    )
    quarter = Period(moment("2026-03-27T10:00+00:00"), moment("2026-03-27T10:15+00:00"))
    for _ in range(2):
        assert figures(called(AiMetricsQuery(quarter), actor)) == {"search": (1, 0, 10)}
        fold()


def test_without_calls_there_is_nothing_and_no_rate(actor: Actor) -> None:
    send(request(START))
    found = called(AiMetricsQuery(WEEK), actor)
    assert (found.calls, found.error_rate, found.tools) == (0, None, [])


def test_tools_are_for_those_who_watch() -> None:
    with transaction() as session, pytest.raises(Forbidden):
        tools.tools(session, AiMetricsQuery(WEEK), actor=person(Role.REVIEWER).actor)


@pytest.mark.parametrize("nothing", [None, "", False])
@pytest.mark.parametrize("release", ["", "1"])
def test_a_call_whose_error_is_empty_has_not_failed(
    nothing: object, release: str, actor: Actor
) -> None:
    # Programs send the key with each call, as null
    send(request(START, tool_calls=calls(100, error=nothing), release=release))
    assert figures(called(AiMetricsQuery(WEEK), actor)) == {"search": (1, 0, 100)}
