"""API keys: which routes they may call, for how long, and the errors otherwise."""

from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import select

from core.activity.models.events import Event
from core.database.db import transaction
from core.identity.schemas import CreatedApiKey, Role, Scope
from core.platform import clock
from core.platform.ids import new_id
from tests.api.conftest import Client, ask
from tests.api.routes import Described, described
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing

EVENT = {"event_type": "chat.session_start"}
INGEST = "/api/v1/ingest/events"
# What a key with a scope may also open is said by the tests of those routes; what nobody but people
# opens, by this one.
PEOPLES = (
    "/admin/auth/",
    "/admin/accounts",
    "/admin/api-keys",
    "/admin/audit",
    "/admin/playground",
    "/admin/prices",
    "/admin/providers",
    "/admin/quotas",
    "/admin/settings",
    "/providers",
)
LATER = "2100-01-01T00:00:00Z"


@pytest.fixture
def boss(client: Client) -> httpx2.Client:
    return client(person(Role.ADMIN))


def send(address: str, made: CreatedApiKey) -> httpx2.Response:
    with httpx2.Client(trust_env=False, timeout=60) as program:
        return program.post(address + INGEST, json=EVENT, headers=bearing(made))


def test_a_key_is_shown_once(boss: httpx2.Client) -> None:
    given = {
        "name": "web backend",
        "scopes": ["ingest"],
        "environment": "staging",
        "expires_at": LATER,
    }
    answer = boss.post("/admin/api-keys", json=given)
    assert answer.status_code == 201
    made = answer.json()
    assert made["key"].startswith(f"atn_{made['key_id']}_")
    listed = boss.get("/admin/api-keys").json()
    assert listed["total_count"] == 1
    assert listed["items"] == [{name: value for name, value in made.items() if name != "key"}]
    assert made["key"].split("_", 2)[2] not in boss.get("/admin/audit").text
    assert (made["environment"], made["expires_at"], made["last_used_at"]) == (
        "staging",
        LATER,
        None,
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": None}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes.0"),
        ({"environment": "two words"}, "environment"),
        ({"environment": ""}, "environment"),
        ({"expires_at": "2100-01-01T00:00:00"}, "expires_at"),
    ],
)
def test_what_does_not_fit_is_refused_by_field(
    boss: httpx2.Client, change: dict[str, object], field: str
) -> None:
    answer = boss.post("/admin/api-keys", json={"name": "a", "scopes": ["ingest"]} | change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith(field.split(".")[0])


def test_a_key_in_the_past_is_refused_in_words(boss: httpx2.Client) -> None:
    answer = boss.post(
        "/admin/api-keys",
        json={"name": "a", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"},
    )
    assert answer.status_code == 422
    assert "expiry date is in the past" in answer.json()["detail"]


def test_rows_come_in_by_a_key_and_its_use_is_noted(address: str, boss: httpx2.Client) -> None:
    made = api_key()
    answer = send(address, made)
    assert answer.status_code == 202
    assert answer.json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    [listed] = boss.get("/admin/api-keys").json()["items"]
    assert listed["last_used_at"] is not None


def test_a_revoked_key_is_refused_within_a_moment(address: str, boss: httpx2.Client) -> None:
    made = api_key()
    assert send(address, made).status_code == 202
    assert boss.delete(f"/admin/api-keys/{made.id}").status_code == 204
    answer = send(address, made)
    assert (answer.status_code, answer.json()["code"]) == (401, "key_dead")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert boss.get("/admin/api-keys").json()["items"] == []
    assert boss.delete(f"/admin/api-keys/{made.id}").status_code == 404


@pytest.mark.usefixtures("client")
def test_an_expired_key_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = api_key(expires_at=clock.now() + timedelta(minutes=5))
    assert send(address, made).status_code == 202
    later = clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert send(address, made).json()["code"] == "key_dead"


@pytest.mark.usefixtures("client")
def test_a_wrong_secret_is_refused(address: str) -> None:
    made = api_key()
    for wrong in (made.key[:-1], f"{made.key[:13]}{'A' * 43}", "atn_", "atn_ü"):
        headers = {b"Authorization": f"Bearer {wrong}".encode()}
        with httpx2.Client(trust_env=False, timeout=60) as program:
            answer = program.post(address + INGEST, json=EVENT, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "key_dead")


@pytest.mark.usefixtures("client")
def test_a_scope_that_is_too_small_is_forbidden(address: str) -> None:
    answer = send(address, api_key(Scope.READ))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "lacks the scope ingest. Create one in Settings" in answer.json()["detail"]


@pytest.mark.usefixtures("client")
def test_every_scope_that_would_do_is_named(address: str) -> None:
    answer = ask("GET", f"{address}/api/v1/admin/users", bearing(api_key()))
    assert answer.status_code == 403
    assert "lacks the scope read. Create one in Settings" in answer.json()["detail"]


def test_an_account_that_sends_rows_is_told_to_use_a_key(boss: httpx2.Client) -> None:
    answer = boss.post("/ingest/events", json=EVENT)
    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("Only API keys with the scope ingest send rows.")


@pytest.mark.parametrize(
    "route", [each for each in described() if each.path.startswith(PEOPLES)], ids=str
)
@pytest.mark.usefixtures("client")
def test_a_key_opens_no_route_of_people_whatever_its_scopes(address: str, route: Described) -> None:
    if route.path == "/admin/auth/login":
        return
    body = {"name": "x", "scopes": ["read"]} if route.takes_body else None
    query = {"session_id": str(new_id())}
    with httpx2.Client(trust_env=False, timeout=60) as program:
        answer = program.request(
            route.method,
            f"{address}/api/v1{route.path}",
            params=query,
            json=body,
            headers=bearing(api_key(*Scope)),
        )
    assert answer.status_code == 403, answer.text


@pytest.mark.parametrize(
    "path", ["/", "/settings", "/_stcore/health", "/_stcore/host-config", "/media/x", "/metrics"]
)
@pytest.mark.usefixtures("client")
def test_a_key_opens_no_page(address: str, path: str) -> None:
    made = api_key(*Scope)
    answer = ask("GET", address + path, bearing(made))
    assert answer.status_code == 403
    assert "API keys can't open the console. Call /api/v1" in answer.json()["detail"]
    assert ask("GET", address + path, {"Cookie": f"attune={made.key}"}).status_code == 401


@pytest.mark.usefixtures("client")
def test_a_key_in_a_cookie_is_none(address: str) -> None:
    headers = {"Cookie": f"attune={api_key().key}", "Origin": address}
    with httpx2.Client(trust_env=False, timeout=60) as program:
        assert program.post(address + INGEST, json=EVENT, headers=headers).status_code == 401


def test_rows_have_the_environment_of_their_key_unless_they_name_one(
    address: str, boss: httpx2.Client
) -> None:
    headers = bearing(api_key(environment="staging"))
    with httpx2.Client(trust_env=False, timeout=60) as program:
        for row in (EVENT, EVENT | {"environment": "lab"}):
            assert program.post(address + INGEST, json=row, headers=headers).status_code == 202
    with transaction() as session:
        found = session.scalars(select(Event.environment).order_by(Event.environment)).all()
    assert found == ["lab", "staging"]
