"""The audit log over HTTP: pages by cursor, filters, and CSV."""

import csv
import io
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import insert

from core.database.db import transaction
from core.database.tables import CoreAudit
from core.identity.schemas import Role
from core.platform import clock
from tests.api.conftest import Client
from tests.factories.identity import person


@pytest.fixture
def boss(client: Client) -> httpx2.Client:
    return client(person(Role.SUPER_ADMIN, email="boss@example.com"))


def write(count: int, **columns: object) -> None:
    """Write lines of the past, as deeds of other days would have left them."""
    row = {
        "action": "test.deed",
        "actor_type": "account",
        "actor_name": "one@example.com",
        "targets": {},
        **columns,
    }
    with transaction() as session:
        session.execute(
            insert(CoreAudit), [row | {"targets": {"number": number}} for number in range(count)]
        )


def numbers(page: dict[str, list[dict[str, dict[str, int]]]]) -> list[int]:
    return [row["targets"]["number"] for row in page["items"]]


def test_the_newest_come_first_and_a_cursor_leads_on(boss: httpx2.Client) -> None:
    write(25)
    seen: list[int] = []
    cursor: int | None = None
    for _ in range(3):
        page = boss.get(
            f"/admin/audit?action=test&limit=10{f'&cursor={cursor}' if cursor else ''}"
        ).json()
        seen += numbers(page)
        cursor = page["next_cursor"]
    assert seen == list(range(24, -1, -1))
    assert cursor is None


def test_lines_that_are_written_meanwhile_neither_repeat_nor_hide_any(boss: httpx2.Client) -> None:
    write(6)
    first = boss.get("/admin/audit", params={"action": "test", "limit": 3}).json()
    write(5)
    second = boss.get(
        "/admin/audit", params={"action": "test", "limit": 3, "cursor": first["next_cursor"]}
    ).json()
    assert numbers(first) + numbers(second) == [5, 4, 3, 2, 1, 0]


def test_the_total_is_of_all_that_match(boss: httpx2.Client) -> None:
    write(7)
    page = boss.get("/admin/audit", params={"action": "test.deed", "limit": 2}).json()
    assert (page["total_count"], page["limit"], page["offset"], len(page["items"])) == (7, 2, 0, 2)


@pytest.mark.parametrize(
    ("action", "found"),
    [
        ("test", 2),
        ("test.deed", 2),
        ("test.dee", 0),
        ("tes", 0),
        ("test.", 0),
        ("%", 0),
        ("test_deed", 0),
        ("", 3),
    ],
)
def test_an_action_is_found_by_its_beginning_up_to_a_dot(
    boss: httpx2.Client, action: str, found: int
) -> None:
    write(2)
    write(1, action="tested.deed")
    page = boss.get("/admin/audit", params={"action": action, "account": "one@"}).json()
    assert len(page["items"]) == found


@pytest.mark.parametrize(
    ("account", "found"),
    [("one@example.com", 2), ("ONE", 2), ("two", 1), ("%", 0), ("_", 0), ("nobody", 0)],
)
def test_an_account_is_found_by_a_part_of_its_email(
    boss: httpx2.Client, account: str, found: int
) -> None:
    write(2)
    write(1, actor_name="two@example.com")
    page = boss.get("/admin/audit", params={"action": "test", "account": account}).json()
    assert len(page["items"]) == found


def test_a_row_says_who_what_where_and_how_it_ended(boss: httpx2.Client, client: Client) -> None:
    client().post(
        "/admin/auth/login",
        json={"email": "nobody@example.com", "password": "wrong"},
        headers={"User-Agent": "a browser"},
    )
    row = boss.get("/admin/audit").json()["items"][0]
    assert row["actor"] == {"type": "visitor", "id": None, "name": None}
    assert (row["action"], row["outcome"], row["targets"]) == (
        "session.sign_in",
        "wrong",
        {"emails": ["nobody@example.com"], "failures": 1},
    )
    assert (row["ip_address"], row["user_agent"]) == ("127.0.0.1", "a browser")
    assert row["before"] is None
    assert row["request_id"]


def test_secrets_are_masked(boss: httpx2.Client) -> None:
    given = {
        "name": "near",
        "kind": "openai",
        "base_url": "http://127.0.0.1:9/v1",
        "secret": "sk-a-very-secret-key",
    }
    provider = boss.post("/admin/providers", json=given).json()
    boss.patch(f"/admin/providers/{provider['id']}", json={"secret": "sk-another-secret-key"})
    text = boss.get("/admin/audit").text
    assert "secret-key" not in text
    added = boss.get("/admin/audit", params={"action": "provider.add"}).json()["items"][0]
    assert added["after"]["secret"] == "•••"


def file_of(answer: httpx2.Response) -> list[dict[str, str]]:
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_the_file_holds_every_row_that_matches_and_not_the_visible_page(
    boss: httpx2.Client,
) -> None:
    write(2500)
    write(3, action="other.deed")
    rows = file_of(
        boss.get("/admin/audit", params={"format": "csv", "action": "test", "limit": 10})
    )
    assert [int(row["targets"].strip('{}"').rpartition(" ")[2]) for row in rows] == list(
        range(2499, -1, -1)
    )


def test_the_file_is_as_rfc_4180_has_it(boss: httpx2.Client) -> None:
    write(1, user_agent='a "browser", of\r\ntwo lines', actor_name="ä@example.com")
    answer = boss.get("/admin/audit", params={"format": "csv", "action": "test"})
    header = answer.text.split("\r\n")[0]
    assert header.startswith(
        "id,occurred_at,action,outcome,actor_type,actor_id,actor_name,targets,before,after,ip_address,"
    )
    assert '"a ""browser"", of\r\ntwo lines"' in answer.text
    assert answer.text.endswith("\r\n")
    assert 'filename="audit.csv"' in answer.headers["content-disposition"]
    assert file_of(answer)[0]["actor_name"] == "ä@example.com"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(boss: httpx2.Client, cell: str) -> None:
    write(1, user_agent=cell)
    row = file_of(boss.get("/admin/audit", params={"format": "csv", "action": "test"}))[0]
    assert row["user_agent"] == f"'{cell}"


def test_taking_the_log_away_is_in_the_log(boss: httpx2.Client) -> None:
    boss.get("/admin/audit", params={"format": "csv", "account": "one@"})
    row = boss.get("/admin/audit").json()["items"][0]
    assert (row["action"], row["actor"]["name"]) == ("audit.export", "boss@example.com")
    assert row["targets"] == {"account": "one@"}


def test_another_format_is_none_of_ours(boss: httpx2.Client) -> None:
    assert boss.get("/admin/audit", params={"format": "xml"}).status_code == 422


def test_of_when_can_be_asked_for_and_is_in_the_file(boss: httpx2.Client) -> None:
    write(1, occurred_at=clock.now() - timedelta(days=40), actor_name="old@example.com")
    write(2, actor_name="new@example.com")
    assert boss.get("/admin/audit?action=test").json()["total_count"] == 3
    assert boss.get("/admin/audit?action=test&days=7").json()["total_count"] == 2
    file = boss.get("/admin/audit?action=test&days=7&format=csv").text
    assert "new@example.com" in file
    assert "old@example.com" not in file
