"""Models and providers over HTTP: what can be called, and keys that go in and never come out."""

import httpx2
import pytest

from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.factories.identity import person

KEY = "sk-a-key-that-nobody-may-read"
NEAR = {"name": "near", "kind": "openai", "base_url": "http://127.0.0.1:9/v1", "secret": KEY}


@pytest.fixture
def boss(client: Client) -> httpx2.Client:
    return client(person())


@pytest.fixture
def near(boss: httpx2.Client) -> str:
    return str(boss.post("/admin/providers", json=NEAR).json()["id"])


def test_models_have_the_contracts_shape(boss: httpx2.Client) -> None:
    body = boss.get("/models").json()
    assert body["total_count"] == len(body["items"]) > 0
    echo = next(model for model in body["items"] if model["id"] == "fake:echo")
    assert {"id", "name", "provider", "context_window", "prices", "capabilities"} <= set(echo)
    assert (echo["name"], echo["provider"]) == ("echo", "fake")
    assert echo["capabilities"]["structured_output"] == "native"
    parameters = echo["capabilities"]["parameters"]
    assert parameters["temperature"].items() >= {"minimum": 0, "maximum": 2, "default": 0.2}.items()
    assert parameters["prompt_cache_ttl"]["choices"] == ["5m", "30m", "1h", "24h"]


@pytest.mark.parametrize("id_", ["fake:echo", "echo", "fake%3Aecho"])
def test_one_model_is_found_by_its_id(boss: httpx2.Client, id_: str) -> None:
    assert boss.get(f"/models/{id_}").json()["id"] == "fake:echo"


def test_a_model_that_is_none_is_404(boss: httpx2.Client) -> None:
    assert boss.get("/models/fake:nothing").json()["code"] == "model_missing"


def test_an_added_provider_is_listed_without_its_key(boss: httpx2.Client, near: str) -> None:
    for path in ("/admin/providers", "/providers/status"):
        answer = boss.get(path)
        assert KEY not in answer.text
        row = next(row for row in answer.json()["items"] if row["id"] == near)
        assert (row["name"], row["has_secret"], row["status"]) == ("near", True, "untested")


def test_no_answer_ever_holds_the_key(boss: httpx2.Client) -> None:
    added = boss.post("/admin/providers", json=NEAR)
    again = boss.post("/admin/providers", json=NEAR)
    changed = boss.patch(f"/admin/providers/{added.json()['id']}", json={"secret": KEY + "2"})
    tested = boss.post(f"/admin/providers/{added.json()['id']}/test")
    asked = boss.post("/prompts/execute", json={"model_id": "near:any", "prompt": "x"})
    assert [answer.status_code for answer in (added, again, changed, tested, asked)] == [
        201,
        409,
        200,
        200,
        502,
    ]
    assert not [
        answer for answer in (added, again, changed, tested, asked) if "sk-a-key" in answer.text
    ]


def test_a_new_address_clears_the_key(boss: httpx2.Client, near: str) -> None:
    answer = boss.patch(f"/admin/providers/{near}", json={"base_url": "http://127.0.0.1:10/v1"})
    assert answer.json()["has_secret"] is False


def test_unless_a_new_key_comes_with_it(boss: httpx2.Client, near: str) -> None:
    answer = boss.patch(
        f"/admin/providers/{near}", json={"base_url": "http://127.0.0.1:10/v1", "secret": KEY}
    )
    assert answer.json()["has_secret"] is True


def test_a_test_says_what_it_found(boss: httpx2.Client, near: str) -> None:
    body = boss.post(f"/admin/providers/{near}/test").json()
    assert body["status"] == "failing"
    assert "cannot be reached" in body["status_detail"]
    assert body["checked_at"] is not None


@pytest.mark.parametrize(
    "base_url",
    [
        "x",
        "ftp://a/b",
        "http://",
        "http://user:pass@host/",
        "http://a/?q=1",
        "http://a/#x",
        "file:///etc/passwd",
        "//host",
    ],
)
def test_an_address_that_is_none_is_422(boss: httpx2.Client, base_url: str) -> None:
    answer = boss.post("/admin/providers", json=NEAR | {"base_url": base_url})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        {"name": "UP"},
        {"name": "a b"},
        {"name": ""},
        {"kind": "fake"},
        {"kind": "local"},
        {"secret": "a b"},
    ],
)
def test_a_provider_that_does_not_fit_is_422(boss: httpx2.Client, change: dict[str, str]) -> None:
    answer = boss.post("/admin/providers", json=NEAR | change)
    assert answer.status_code == 422
    assert KEY not in answer.text


def test_a_removed_one_is_gone_with_its_key(boss: httpx2.Client, near: str) -> None:
    assert boss.delete(f"/admin/providers/{near}").status_code == 204
    assert "near" not in [row["name"] for row in boss.get("/admin/providers").json()["items"]]
    assert boss.delete(f"/admin/providers/{near}").status_code == 404


def test_one_that_is_not_offered_cannot_be_called(boss: httpx2.Client, near: str) -> None:
    boss.patch(f"/admin/providers/{near}", json={"is_active": False})
    assert (
        boss.post("/prompts/execute", json={"model_id": "near:any", "prompt": "x"}).status_code
        == 404
    )


def test_reserved_provider_names_are_taken(boss: httpx2.Client) -> None:
    assert (
        boss.post("/admin/providers", json=NEAR | {"name": "fake"}).json()["code"] == "name_taken"
    )


@pytest.mark.parametrize(("method", "path"), [("PATCH", ""), ("DELETE", ""), ("POST", "/test")])
def test_one_that_is_none_is_404(boss: httpx2.Client, method: str, path: str) -> None:
    answer = boss.request(
        method,
        f"/admin/providers/{new_id()}{path}",
        json={"is_active": True} if method == "PATCH" else None,
    )
    assert answer.status_code == 404


def test_every_change_is_in_the_audit_log(boss: httpx2.Client, near: str) -> None:
    boss.patch(f"/admin/providers/{near}", json={"is_active": False})
    boss.delete(f"/admin/providers/{near}")
    rows = boss.get("/admin/audit", params={"action": "provider"}).json()["items"]
    assert [row["action"] for row in rows] == ["provider.remove", "provider.change", "provider.add"]
    assert all(row["targets"] == {"provider": "near"} for row in rows)


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Nowhere", ""])
def test_a_time_zone_that_is_not_offered_is_422(boss: httpx2.Client, zone: str) -> None:
    answer = boss.put("/admin/settings", json={"reporting_time_zone": zone})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "reporting_time_zone"
