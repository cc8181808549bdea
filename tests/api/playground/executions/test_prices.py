"""Prices over HTTP: listed with filters, added, removed, and repricing."""

from datetime import UTC, datetime

import httpx2
import pytest

from core.identity.schemas import Role
from core.platform.ids import new_id
from core.providers.queries import token_prices
from core.system import jobs
from tests.api.conftest import Client
from tests.factories.identity import person
from tests.factories.requests import ai_requests

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
OWN = {
    "provider": "openai",
    "model": "gpt-4o",
    "input": "2.5",
    "cached_input": "0.000001",
    "output": "10.50",
}
OWN |= {"valid_from": "2026-07-01T00:00:00Z"}


@pytest.fixture
def boss(client: Client) -> httpx2.Client:
    token_prices._rates.clear()  # noqa: SLF001  what the test before has priced
    return client(person(Role.ADMIN))


def test_a_price_is_added_listed_and_removed(boss: httpx2.Client) -> None:
    added = boss.post("/admin/prices", json=OWN)
    assert added.status_code == 201
    price = added.json()
    assert price["id"]
    assert price | OWN | {"output": "10.5", "cache_write": None, "source": "settings"} == price
    listed = boss.get("/admin/prices").json()
    assert listed == {"items": [price], "total_count": 1, "limit": 50, "offset": 0}
    assert boss.delete(f"/admin/prices/{price['id']}").status_code == 204
    assert boss.get("/admin/prices").json()["items"] == []
    assert boss.delete(f"/admin/prices/{price['id']}").status_code == 404
    actions = [row["action"] for row in boss.get("/admin/audit?action=price").json()["items"]]
    assert actions == ["price.remove", "price.add"]


def test_the_list_is_filtered_and_paged(boss: httpx2.Client) -> None:
    ai_requests(
        {"created_at": NOON, "input_tokens": 1},
        {"created_at": NOON, "model": "gpt-4o-mini", "input_tokens": 1},
    )
    boss.post("/admin/prices", json=OWN)
    boss.post("/admin/prices", json=OWN | {"provider": "", "model": "50%_off"})

    def models(**query: str | int) -> list[str]:
        return [item["model"] for item in boss.get("/admin/prices", params=query).json()["items"]]

    assert models() == ["50%_off", "gpt-4o", "gpt-4o", "gpt-4o-mini"]
    assert models(source="settings") == ["50%_off", "gpt-4o"]
    assert models(source="packaged", model="MINI") == ["gpt-4o-mini"]
    assert models(provider="") == models(model="%_") == ["50%_off"]
    assert models(limit=1, offset=3) == ["gpt-4o-mini"]
    assert boss.get("/admin/prices?source=nobody").status_code == 422


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model": ""}, "model"),
        ({"model": "a\0"}, "model"),
        ({"input": "-1"}, "input"),
        ({"input": "0.0000001"}, "input"),
        ({"output": "1000001"}, "output"),
        ({"output": "NaN"}, "output"),
        ({"output": None}, "output"),
        ({"valid_from": "2026-07-01T00:00:00"}, "valid_from"),
    ],
)
def test_what_does_not_fit_is_refused_by_field(
    boss: httpx2.Client, change: dict[str, object], field: str
) -> None:
    answer = boss.post("/admin/prices", json=OWN | change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_a_second_price_from_the_same_moment_is_a_conflict(boss: httpx2.Client) -> None:
    assert boss.post("/admin/prices", json=OWN).status_code == 201
    again = boss.post("/admin/prices", json=OWN)
    assert (again.status_code, again.json()["code"]) == (409, "price_taken")


def test_a_packaged_price_stays(boss: httpx2.Client) -> None:
    ai_requests({"created_at": NOON, "input_tokens": 1})
    [packaged] = boss.get("/admin/prices").json()["items"]
    answer = boss.delete(f"/admin/prices/{packaged['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "packaged_price")
    assert boss.delete(f"/admin/prices/{new_id()}").status_code == 404


def test_a_dry_run_is_the_default_and_says_what_would_change(boss: httpx2.Client) -> None:
    ai_requests({"created_at": NOON, "model": "own", "input_tokens": 1000, "output_tokens": 1})
    boss.post("/admin/prices", json=OWN | {"model": "own"})
    span = {"start": "2026-07-01T00:00:00Z", "end": "2026-07-02T00:00:00+02:00"}
    dry = boss.post("/admin/prices/reprice", json=span).json()
    assert dry == {
        "dry_run": True,
        "start": "2026-07-01T00:00:00Z",
        "end": "2026-07-01T22:00:00Z",
        "model": None,
        "requests_examined": 1,
        "requests_changed": 1,
        "difference_usd": "0.0025105",
        "items": [
            {
                "source": "sender",
                "provider": "openai",
                "model": "own",
                "requests": 1,
                "before_usd": "0",
                "after_usd": "0.0025105",
                "difference_usd": "0.0025105",
                "newly_priced": 1,
                "no_longer_priced": 0,
            }
        ],
    }
    answer = boss.post("/admin/prices/reprice", json=span | {"dry_run": False})
    asked = answer.json()
    assert (answer.status_code, asked["status"], asked["days_done"], asked["days"]) == (
        202,
        "queued",
        0,
        1,
    )
    jobs.reprice(boss.get(f"/admin/batch/history/{asked['id']}").json()["batch_run_id"])
    done = boss.get(f"/admin/prices/reprice/{asked['id']}").json()
    assert (done["status"], done["days_done"], done["report"]) == (
        "completed",
        1,
        dry | {"dry_run": False},
    )
    assert boss.post("/admin/prices/reprice", json=span).json()["requests_changed"] == 0


@pytest.mark.parametrize(
    "given",
    [{"start": "2026-07-02T00:00:00Z", "end": "2026-07-02T00:00:00Z"}, {"start": "yesterday"}],
)
def test_a_span_that_is_none_is_refused(boss: httpx2.Client, given: dict[str, str]) -> None:
    assert boss.post("/admin/prices/reprice", json=given).status_code == 422
