"""Daily figures over HTTP: pages by cursor, filters and CSV."""

import csv
import io
import json
from datetime import date, timedelta

import httpx2
import pytest
from sqlalchemy import insert

from core.database.db import transaction
from core.identity.schemas import Role
from core.platform import clock
from core.system.models import DailyMetric
from tests.api.conftest import Client
from tests.factories.identity import person

DOOR, TODAY = "/admin/daily-metrics", clock.now().date()


def day(ago: int) -> date:
    return TODAY - timedelta(days=ago)


@pytest.fixture(autouse=True)
def rows() -> None:
    """Let there be figures of three days, two types, two models and two environments."""
    values = [
        {"date": day(ago), "metric_type": name, "metric_value": ago + 0.5, "dimensions": dimensions}
        for ago in (1, 2, 40)
        for name in ("requests", "errors")
        for dimensions in (
            {"environment": "production"},
            {"environment": "production", "model": '=m"1'},
            {"environment": "staging"},
        )
    ]
    with transaction() as session:
        session.execute(insert(DailyMetric), values)


def test_pages_by_cursor_have_every_figure_of_the_period_once(analyst: httpx2.Client) -> None:
    found, query = [], {"limit": 3}
    while True:
        page = analyst.get(DOOR, params=query).raise_for_status().json()
        found += page["items"]
        assert page["total_count"] == 8
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert len({json.dumps(each, sort_keys=True) for each in found}) == len(found) == 8
    dates = [each["date"] for each in found]
    assert dates == sorted(dates)
    assert found[0]["metric_value"] == 2.5


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"days": "60"}, 12),
        ({"metric_type": "errors"}, 4),
        ({"metric_type": ["errors", "requests"]}, 8),
        ({"metric_type": "nothing"}, 0),
        ({"environment": "staging"}, 4),
        ({"start": str(day(1)), "end": str(TODAY)}, 4),
    ],
)
def test_filters_narrow_the_list_and_the_file(
    analyst: httpx2.Client, query: dict[str, str | list[str]], count: int
) -> None:
    page = analyst.get(DOOR, params=query).raise_for_status().json()
    file = analyst.get(DOOR, params={**query, "format": "csv"}).raise_for_status()
    lines = list(csv.DictReader(io.StringIO(file.text.lstrip("\ufeff"))))
    assert (page["total_count"], len(page["items"]), len(lines)) == (count, count, count)


@pytest.mark.parametrize("cursor", ["x", "e30=", "WzEsMiwzXQ==", "[" * 900])
def test_a_cursor_that_was_not_returned_is_refused(analyst: httpx2.Client, cursor: str) -> None:
    assert analyst.get(DOOR, params={"cursor": cursor}).status_code == 422


def test_daily_figures_are_for_those_who_watch(client: Client) -> None:
    assert client(person(Role.REVIEWER)).get(DOOR).status_code == 403
