"""Services are registered by admins; their secrets are shown once, or never."""

from datetime import datetime, timedelta

import httpx2
import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.identity.schemas import Role
from core.platform import clock
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.chat_service import TOKEN
from tests.factories.identity import person
from tests.factories.services import call_back, register


@pytest.fixture
def boss(client: Client) -> httpx2.Client:
    return client(person(Role.ADMIN))


def test_the_callback_secret_is_shown_once_and_the_token_never(boss: httpx2.Client) -> None:
    added = register(boss, upload_url="http://127.0.0.1:9/files/")
    assert added.pop("callback_secret").startswith("whsec_")
    assert (added["has_valid_token"], added["status"], added["production"]) == (
        True,
        "untested",
        False,
    )
    assert added["upload_url"] == "http://127.0.0.1:9/files"
    listed = boss.get("/admin/services")
    assert listed.json()["items"] == [added]
    assert TOKEN not in listed.text
    assert "whsec_" not in listed.text + boss.get("/admin/audit").text
    assert TOKEN not in boss.get("/admin/audit").text


def test_a_new_active_service_deactivates_the_old_one(boss: httpx2.Client) -> None:
    old, new = register(boss, name="Twin"), register(boss, name="Twin")
    active = {each["id"]: each["is_active"] for each in boss.get("/admin/services").json()["items"]}
    assert active == {old["id"]: False, new["id"]: True}
    boss.patch(f"/admin/services/{old['id']}", json={"is_active": True}).raise_for_status()
    active = {each["id"]: each["is_active"] for each in boss.get("/admin/services").json()["items"]}
    assert active == {old["id"]: True, new["id"]: False}


def test_a_new_address_clears_the_token_unless_a_new_one_comes_with_it(
    boss: httpx2.Client,
) -> None:
    path = f"/admin/services/{register(boss)['id']}"
    same = {"name": "Bot 2", "chat_url": "http://127.0.0.1:9/chat", "production": True}
    changed = boss.patch(path, json=same).json()
    assert (changed["name"], changed["production"], changed["has_valid_token"]) == (
        "Bot 2",
        True,
        True,
    )
    moved = {"chat_url": "http://127.0.0.1:9/elsewhere"}
    assert boss.patch(path, json=moved).json()["has_valid_token"] is False
    assert boss.patch(path, json={"token": "another"}).json()["has_valid_token"] is True
    upload = {"upload_url": "http://127.0.0.1:9/files"}
    assert boss.patch(path, json=upload).json()["has_valid_token"] is False


def test_a_rotated_secret_and_the_one_before_are_accepted_for_a_day(boss: httpx2.Client) -> None:
    made = register(boss)
    rotated = boss.post(f"/admin/services/{made['id']}/rotate-secret").json()
    left = datetime.fromisoformat(rotated["previous_secret_until"]) - clock.now()
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    old, new = made["callback_secret"], rotated["callback_secret"]
    assert old != new
    assert [call_back(boss, secret, "x").status_code for secret in (old, new)] == [200, 200]
    with transaction() as session:
        session.execute(text("update services set previous_secret_until = now()"))
    assert [call_back(boss, secret, "x").status_code for secret in (old, new)] == [401, 200]
    [listed] = boss.get("/admin/services").json()["items"]
    assert listed["previous_secret_until"] is None


def test_a_secret_that_was_rotated_twice_is_refused(boss: httpx2.Client) -> None:
    made = register(boss)
    for _ in range(2):
        boss.post(f"/admin/services/{made['id']}/rotate-secret").raise_for_status()
    assert call_back(boss, made["callback_secret"], "x").status_code == 401


def test_an_old_secret_is_ended_early(boss: httpx2.Client) -> None:
    made = register(boss)
    path = f"/admin/services/{made['id']}"
    rotated = boss.post(f"{path}/rotate-secret").json()
    ended = boss.delete(f"{path}/previous-secret")
    assert ended.json()["previous_secret_until"] is None
    assert call_back(boss, made["callback_secret"], "x").status_code == 401
    assert call_back(boss, rotated["callback_secret"], "x").status_code == 200


def test_each_change_is_audited(boss: httpx2.Client) -> None:
    path = f"/admin/services/{register(boss)['id']}"
    boss.patch(path, json={"name": "Bot 2"})
    boss.post(f"{path}/rotate-secret")
    boss.delete(path)
    actions = [row["action"] for row in boss.get("/admin/audit").json()["items"]]
    assert actions[:4] == [
        "service.remove",
        "service.rotate_secret",
        "service.change",
        "service.add",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"chat_url": "ftp://example.com"},
        {"chat_url": "https://me:secret@example.com/chat"},
        {"upload_url": "https://example.com/?token=1"},
        {"token": "two words"},
        {"name": " "},
    ],
)
def test_what_is_invalid_is_refused(boss: httpx2.Client, wrong: dict[str, str]) -> None:
    given = {"name": "Bot", "chat_url": "https://example.com/chat", "token": "t", **wrong}
    assert boss.post("/admin/services", json=given).status_code == 422
    assert boss.get("/admin/services").json()["total_count"] == 0


@pytest.mark.parametrize("role", [Role.ANALYST, Role.REVIEWER])
def test_other_roles_see_no_services(client: Client, role: Role) -> None:
    other = client(person(role))
    assert other.get("/admin/services").status_code == 403
    assert other.get("/admin/playground/active-service").status_code == 403


def test_the_active_service_is_named_without_its_secrets(boss: httpx2.Client) -> None:
    missing = boss.get("/admin/playground/active-service")
    assert (missing.status_code, missing.json()["code"]) == (404, "service_missing")
    added = register(boss)
    assert boss.get("/admin/playground/active-service").json() == {
        "service_name": "Bot",
        "chat_url": "http://127.0.0.1:9/chat",
        "upload_url": None,
        "is_active": True,
        "has_valid_token": True,
        "updated_at": added["updated_at"],
    }


def test_an_unknown_service_is_missing(boss: httpx2.Client) -> None:
    path = f"/admin/services/{new_id()}"
    answers = [boss.patch(path, json={}), boss.delete(path), boss.post(f"{path}/test")]
    assert {answer.json()["code"] for answer in answers} == {"service_missing"}


def test_a_service_that_cannot_be_reached_says_why(boss: httpx2.Client) -> None:
    tested = boss.post(f"/admin/services/{register(boss)['id']}/test").json()
    assert tested["status"] == "failing"
    assert tested["status_detail"] == "The service cannot be reached: Connection refused."
