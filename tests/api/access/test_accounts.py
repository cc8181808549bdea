"""Accounts over HTTP: invited, changed, disabled, deleted; each change is in the audit log, without
secrets.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx2
import pytest

from core.database.db import transaction
from core.identity.schemas import Role
from core.platform.ids import new_id
from core.playground import message_rows
from core.playground.schemas import Speaker
from tests.api.conftest import Client
from tests.core.system.test_changes_beside_a_removal import is_waited
from tests.factories.identity import PASSWORD, Person, person
from tests.faults.program import until

NEW = {"email": "New@Example.com", "full_name": "  Ada   Lovelace ", "role": "analyst"}


@pytest.fixture
def me(client: Client) -> Person:
    return person(Role.SUPER_ADMIN)


@pytest.fixture
def boss(client: Client, me: Person) -> httpx2.Client:
    return client(me)


@pytest.fixture
def other(boss: httpx2.Client) -> Person:
    return person(Role.ADMIN, email="other@example.com")


def audited(boss: httpx2.Client, action: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = boss.get("/admin/audit", params={"action": action}).json()[
        "items"
    ]
    return rows


def test_an_invitation_is_a_link_that_is_shown_once(client: Client, boss: httpx2.Client) -> None:
    answer = boss.post("/admin/accounts", json=NEW)
    assert answer.status_code == 201
    body = answer.json()
    assert (
        body["account"]
        | {"email": "new@example.com", "full_name": "Ada Lovelace", "is_invited": True}
        == body["account"]
    )
    token = body["link"].rpartition("/welcome/")[2]
    assert client(prefix="").get(f"/welcome/{token}").status_code == 200
    assert token not in boss.get("/admin/accounts").text
    assert token not in boss.get("/admin/audit").text


def test_an_invited_account_cannot_sign_in_yet(client: Client, boss: httpx2.Client) -> None:
    boss.post("/admin/accounts", json=NEW)
    answer = client().post("/admin/auth/login", json={"email": "new@example.com", "password": ""})
    assert answer.status_code == 401


def test_an_email_has_one_account_however_it_is_written(boss: httpx2.Client) -> None:
    boss.post("/admin/accounts", json=NEW)
    answer = boss.post("/admin/accounts", json=NEW | {"email": " NEW@example.COM "})
    assert answer.status_code == 409
    assert answer.json()["code"] == "email_taken"


@pytest.mark.parametrize(
    "change",
    [{"email": "none"}, {"email": "a b@c"}, {"full_name": "  "}, {"role": "owner"}, {"role": None}],
)
def test_an_invitation_that_does_not_fit_is_422(
    boss: httpx2.Client, change: dict[str, object]
) -> None:
    answer = boss.post("/admin/accounts", json=NEW | change)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == list(change)


def test_the_list_has_windows(boss: httpx2.Client, other: Person) -> None:
    page = boss.get("/admin/accounts", params={"limit": 1, "offset": 1}).json()
    assert [item["email"] for item in page["items"]] == ["other@example.com"]
    assert (page["total_count"], page["limit"], page["offset"]) == (2, 1, 1)


def test_no_answer_holds_a_hash(boss: httpx2.Client, other: Person) -> None:
    assert "$2b$" not in boss.get("/admin/accounts").text
    assert "password" not in boss.get("/admin/accounts").text


def test_a_reset_voids_the_password_and_ends_the_sessions(
    client: Client, boss: httpx2.Client, other: Person
) -> None:
    answer = boss.post(f"/admin/accounts/{other.actor.id}/link")
    assert answer.status_code == 201
    assert client(other).get("/admin/auth/me").status_code == 401
    again = client().post(
        "/admin/auth/login", json={"email": other.actor.email, "password": PASSWORD}
    )
    assert again.status_code == 401
    assert [row["action"] for row in audited(boss, "account")] == ["account.reset"]


def test_what_is_changed_is_changed_and_the_rest_stays(boss: httpx2.Client, other: Person) -> None:
    answer = boss.patch(f"/admin/accounts/{other.actor.id}", json={"role": "reviewer"})
    assert answer.status_code == 200
    assert (answer.json()["role"], answer.json()["full_name"], answer.json()["is_active"]) == (
        "reviewer",
        "Admin",
        True,
    )


def test_a_change_is_audited_with_before_and_after(
    boss: httpx2.Client, me: Person, other: Person
) -> None:
    boss.patch(f"/admin/accounts/{other.actor.id}", json={"role": "reviewer", "is_active": False})
    row = audited(boss, "account.change")[0]
    assert row["before"] == {"role": "admin", "is_active": True}
    assert row["after"] == {"role": "reviewer", "is_active": False}
    assert row["targets"] == {"account_id": str(other.actor.id), "email": "other@example.com"}
    assert row["actor"] == {"type": "account", "id": str(me.actor.id), "name": me.actor.email}
    assert (row["ip_address"], row["outcome"]) == ("127.0.0.1", "ok")
    assert str(row["user_agent"]).startswith("python-httpx")


def test_every_deed_is_in_the_audit_log(boss: httpx2.Client, other: Person) -> None:
    invited = boss.post("/admin/accounts", json=NEW).json()["account"]["id"]
    boss.post(f"/admin/accounts/{invited}/link")
    boss.patch(f"/admin/accounts/{invited}", json={"full_name": "Ada"})
    boss.delete(f"/admin/accounts/{invited}")
    actions = [row["action"] for row in audited(boss, "account")]
    assert actions == ["account.delete", "account.change", "account.invitation", "account.invite"]


def test_a_removed_account_is_gone_and_its_name_stays_in_the_log(
    client: Client, boss: httpx2.Client, other: Person
) -> None:
    client(other).post("/admin/playground/chat", json={"message": "hello", "model": "fake:echo"})
    assert boss.delete(f"/admin/accounts/{other.actor.id}").status_code == 204
    assert client(other).get("/admin/auth/me").status_code == 401
    assert "other@example.com" not in boss.get("/admin/accounts").text
    assert audited(boss, "account.delete")[0]["targets"] == {
        "account_id": str(other.actor.id),
        "email": "other@example.com",
    }


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"role": "admin"}),
        ("PATCH", "", {"is_active": False}),
        ("DELETE", "", None),
        ("POST", "/link", None),
    ],
)
def test_accounts_cannot_disable_or_demote_themselves(
    boss: httpx2.Client, me: Person, method: str, path: str, body: object
) -> None:
    person(Role.SUPER_ADMIN)
    answer = boss.request(method, f"/admin/accounts/{me.actor.id}{path}", json=body)
    assert answer.status_code == 409
    assert answer.json()["code"] == "not_yourself"
    assert boss.get("/admin/auth/me").json()["role"] == "super_admin"


def test_but_may_change_their_name(boss: httpx2.Client, me: Person) -> None:
    assert (
        boss.patch(f"/admin/accounts/{me.actor.id}", json={"full_name": "Me"}).json()["full_name"]
        == "Me"
    )


def test_a_change_of_nothing_changes_nothing(boss: httpx2.Client, other: Person) -> None:
    before = boss.get("/admin/accounts").json()
    assert boss.patch(f"/admin/accounts/{other.actor.id}", json={}).status_code == 200
    assert boss.get("/admin/accounts").json() == before


def test_an_account_that_is_none_is_404(boss: httpx2.Client) -> None:
    assert boss.patch(f"/admin/accounts/{new_id()}", json={"full_name": "x"}).status_code == 404


def test_a_refused_deed_leaves_no_trace_of_success(
    client: Client, boss: httpx2.Client, other: Person
) -> None:
    client(other).post("/admin/accounts", json=NEW)
    assert audited(boss, "account") == []
    assert "new@example.com" not in boss.get("/admin/accounts").text


def test_an_account_is_removed_while_its_message_is_saved(
    boss: httpx2.Client, other: Person
) -> None:
    # Both need the account's and the session's row, in opposite order: Postgres ends one of them
    with transaction() as session:
        session_id = message_rows.lock_or_create(session, None, other.actor).id
    is_locked = Event()

    def save() -> None:
        with transaction() as session:
            row = message_rows.lock_or_create(session, session_id, other.actor)
            is_locked.set()
            until(is_waited, 20)
            message_rows.add(
                session, row, other.actor, role=Speaker.USER, content="hi", position=1, parent=0
            )

    with ThreadPoolExecutor(1) as pool:
        saving = pool.submit(save)
        assert is_locked.wait(20)
        assert boss.delete(f"/admin/accounts/{other.actor.id}").status_code == 204
        saving.exception(20)
    assert len(boss.get("/admin/accounts").json()["items"]) == 1
