"""Admins set quotas; whoever calls models sees those that apply, and is told of one that is used
up.
"""

import httpx2
import pytest

from core.identity.schemas import Role, Scope
from tests.api.conftest import Client, caller
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing

DAILY = {"scope": "workspace", "measure": "calls", "period": "day", "limit": 1}
CALL = {"model_id": "fake:echo", "prompt": "a"}


@pytest.fixture
def boss(client: Client) -> httpx2.Client:
    return client(person(Role.ADMIN))


def test_a_call_beyond_it_is_refused_with_what_is_needed_to_wait(boss: httpx2.Client) -> None:
    assert boss.post("/admin/quotas", json=DAILY).status_code == 201
    assert boss.post("/prompts/execute", json=CALL).json()["status"] == "completed"
    refused = boss.post("/prompts/execute", json=CALL)
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (429, "limit_exceeded")
    assert int(refused.headers["Retry-After"]) > 0
    assert (problem["limit"], problem["value"]) == ("workspace_calls_per_day", 1.0)
    assert problem["resets_at"].endswith("T00:00:00+00:00")


def test_a_stream_beyond_it_is_refused_before_it_begins(boss: httpx2.Client) -> None:
    boss.post("/admin/quotas", json=DAILY)
    assert "event: done" in boss.post("/prompts/execute/stream", json=CALL).text
    assert boss.post("/prompts/execute/stream", json=CALL).status_code == 429


def test_what_applies_is_seen_with_its_use_by_people_and_keys(
    boss: httpx2.Client, address: str
) -> None:
    boss.post("/admin/quotas", json=DAILY | {"limit": 5})
    key = api_key(Scope.EXECUTE)
    mine = DAILY | {"scope": "key", "key_id": str(key.id), "measure": "tokens", "limit": 90_000}
    boss.post("/admin/quotas", json=mine)
    boss.post("/prompts/execute", json=CALL)
    found = boss.get("/admin/limits/effective").json()
    assert [(each["used"], each["limit"]) for each in found["quotas"]] == [("1", "5")]
    with caller(f"{address}/api/v1", bearing(key)) as program:
        program.post("/prompts/execute", json=CALL)
        quotas = program.get("/admin/limits/effective").json()["quotas"]
    assert [each["scope"] for each in quotas] == ["workspace", "key"]
    assert [float(each["used"]) > 0 for each in quotas] == [True, True]


def test_what_applies_has_the_calls_of_the_minute_of_each_kind(boss: httpx2.Client) -> None:
    boss.get("/admin/limits/effective")
    boss.post("/prompts/execute/stream", json=CALL)
    found = boss.get("/admin/limits/effective").json()
    used = {each["kind"]: each["used"] for each in found["rate_limits"]}
    assert used == {"standard": 2, "streaming": 1, "evaluation": 0}
    limits = [found[f"{name}_per_minute"] for name in ("calls", "streams", "evaluations")]
    assert [each["limit"] for each in found["rate_limits"]] == limits
    resets = {each["kind"]: each["resets_at"] is not None for each in found["rate_limits"]}
    assert resets == {"standard": True, "streaming": True, "evaluation": False}


def test_openais_protocol_says_it_too(boss: httpx2.Client, address: str) -> None:
    boss.post("/admin/quotas", json=DAILY)
    with caller(address, bearing(api_key(Scope.EXECUTE))) as program:
        asked = {"model": "fake:echo", "messages": [{"role": "user", "content": "a"}]}
        assert program.post("/openai/v1/chat/completions", json=asked).status_code == 200
        refused = program.post("/openai/v1/chat/completions", json=asked)
    assert refused.status_code == 429
    assert "The workspace's quota of 1 call per day" in refused.json()["error"]["message"]


def test_a_quota_is_changed_and_deleted(boss: httpx2.Client) -> None:
    made = boss.post("/admin/quotas", json=DAILY).json()
    address = f"/admin/quotas/{made['id']}"
    changed = boss.patch(address, json={"limit": "2.00", "only_observes": True}).json()
    assert (changed["limit"], changed["only_observes"]) == ("2", True)
    assert boss.get("/admin/quotas").json()["items"] == [changed]
    assert boss.delete(address).status_code == 204
    assert boss.patch(address, json={"limit": 1}).status_code == 404
    actions = [each["action"] for each in boss.get("/admin/audit").json()["items"]]
    assert {"quota.create", "quota.change", "quota.delete"} <= set(actions)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"limit": 0}, 422),
        ({"limit": -1}, 422),
        ({"limit": 1.5}, 422),
        ({"limit": "1e40"}, 422),
        ({"scope": "account"}, 422),
        ({"scope": "role", "role": "owner"}, 422),
        ({"role": "admin"}, 422),
        ({"scope": "account", "account_id": "00000000-0000-0000-0000-000000000009"}, 422),
        ({"period": "week"}, 422),
        ({}, 409),
    ],
    ids=str,
)
def test_one_that_cannot_be_is_refused(
    boss: httpx2.Client, change: dict[str, object], status: int
) -> None:
    boss.post("/admin/quotas", json=DAILY)
    assert boss.post("/admin/quotas", json=DAILY | change).status_code == status
