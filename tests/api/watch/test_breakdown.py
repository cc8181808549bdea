"""AI requests broken down by a dimension over HTTP: shape, filters and permissions."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core.identity.schemas import Role
from core.platform import clock
from tests.api.conftest import Client
from tests.api.watch.conftest import got
from tests.factories.ai_metrics import fold, request, send
from tests.factories.identity import person

DAY = timedelta(days=1)
NOW = clock.now().replace(hour=0, minute=5, second=0, microsecond=0)


def test_cost_by_model_is_beside_the_previous_period(client: Client) -> None:
    for ago, dollars in ((8, 1), (1, 3)):
        send(request(NOW - ago * DAY, model="big", cost_usd=Decimal(dollars)))
        send(request(NOW - ago * DAY, model="small", cost_usd=Decimal(1)))
    query = {"dimension": "model", "measure": "cost", "interval": "day", "days": "7"}
    found = got(client(person(Role.ANALYST)), "/admin/ai/breakdown", **query)
    assert (found["unit"], found["interval"]) == ("money", "day")
    assert (found["figure"], found["previous"]) == (4.0, 2.0)
    assert len(found["at"]) == len(found["series"]) == len(found["previous_series"]) == 7
    assert [(part["value"], part["figure"]) for part in found["parts"]] == [
        ("big", 3.0),
        ("small", 1.0),
    ]
    small = got(client(person(Role.ANALYST)), "/admin/ai/breakdown", **query, model="small")
    assert small["figure"] == 1.0


@pytest.mark.parametrize(
    "dimension", ["release", "app", "error_type", "prompt_version", "experiment_arm"]
)
@pytest.mark.parametrize("is_folded", [True, False])
def test_requests_without_a_value_are_found_by_the_filter_that_stands_for_none(
    client: Client, dimension: str, is_folded: bool
) -> None:
    kinds = {
        "release": {"release": "2"},
        "app": {"app": "web"},
        "error_type": {"status": "error", "error_type": "timeout"},
        "prompt_version": {"prompt_name": "support", "prompt_version": "7"},
        "experiment_arm": {"experiment_key": "tone", "experiment_arm": "b"},
    }
    without = {"release": "", "app": "", "cost_usd": Decimal(2), "total_latency_ms": 9}
    given = kinds[dimension] | {"cost_usd": Decimal(1), "total_latency_ms": 9}
    send(request(NOW, **without), request(NOW - DAY, **without), request(NOW, **given))
    if is_folded:
        fold()
    analyst = client(person(Role.ANALYST))
    parts = got(analyst, "/admin/ai/breakdown", dimension=dimension, measure="cost")["parts"]
    [none] = [part for part in parts if part["value"] is None]
    query = {dimension: "(none)"}
    assert none["figure"] == 4.0
    assert got(analyst, "/admin/ai/requests", **query)["total_count"] == 2
    assert len(got(analyst, "/admin/ai/requests", **query)["items"]) == 2
    assert Decimal(got(analyst, "/admin/ai/metrics", **query)["cost_usd"]) == 4


@pytest.mark.parametrize(
    "query",
    [
        {"dimension": "mood"},
        {"measure": "joy"},
        {"interval": "hour", "days": "365"},
    ],
)
def test_an_unknown_dimension_measure_or_too_many_points_are_refused(
    client: Client, query: dict[str, str]
) -> None:
    answer = client(person(Role.ANALYST)).get("/admin/ai/breakdown", params=query)
    assert answer.status_code == 422, answer.text


def test_a_reviewer_may_not_read_it(client: Client) -> None:
    assert client(person(Role.REVIEWER)).get("/admin/ai/breakdown").status_code == 403
