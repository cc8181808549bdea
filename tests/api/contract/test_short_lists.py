"""Lists that are usually short are paged with a total, like all others."""

from typing import Any

import httpx2
import pytest

from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.factories.identity import person

NEAR = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "secret": "sk-of-nobody-at-all"}


@pytest.fixture
def boss(client: Client) -> httpx2.Client:
    """Sign in where there are some of everything."""
    made = client(person(Role.SUPER_ADMIN))
    for number in range(3):
        made.post(
            "/admin/api-keys", json={"name": f"key {number}", "scopes": ["read"]}
        ).raise_for_status()
        made.post("/admin/providers", json=NEAR | {"name": f"near-{number}"}).raise_for_status()
    return made


@pytest.mark.parametrize(
    "path", ["/admin/api-keys", "/admin/providers", "/providers/status", "/admin/ai/tuning/tags"]
)
def test_they_come_in_pages(boss: httpx2.Client, path: str) -> None:
    def page(**asked: int) -> dict[str, Any]:
        answer: dict[str, Any] = boss.get(path, params=asked).raise_for_status().json()
        return answer

    whole = page()
    assert (whole["limit"], whole["offset"], whole["total_count"]) == (50, 0, len(whole["items"]))
    assert whole["total_count"] >= 3
    second = page(limit=1, offset=1)
    assert second == {
        "items": whole["items"][1:2],
        "total_count": whole["total_count"],
        "limit": 1,
        "offset": 1,
    }
    assert boss.get(path, params={"limit": 201}).status_code == 422
