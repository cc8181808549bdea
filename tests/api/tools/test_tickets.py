"""Tickets over HTTP: created, listed, changed, and who may."""

import httpx2
import pytest

from core.identity.schemas import Role, Scope
from tests.api.conftest import Client
from tests.factories.conversations import conversation, stored
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing

TICKET = {"title": "Refund of order 1042", "priority": "high"}


@pytest.fixture
def mine(client: Client) -> httpx2.Client:
    return client(person())


def keyed(client: Client, headers: dict[str, str]) -> httpx2.Client:
    program = client()
    program.headers.update(headers)
    return program


def test_a_ticket_is_open_and_names_who_created_it(mine: httpx2.Client) -> None:
    made = mine.post("/tickets", json=TICKET)
    assert made.status_code == 201
    body = made.json()
    assert (body["title"], body["priority"], body["status"]) == (*TICKET.values(), "open")
    assert body["created_by_name"] == "Admin"
    assert mine.get(f"/tickets/{body['id']}").json() == body


def test_tickets_are_listed_newest_first_by_status_and_priority(mine: httpx2.Client) -> None:
    ids = [
        mine.post("/tickets", json={"title": f"t{number}", "priority": priority}).json()["id"]
        for number, priority in enumerate(("low", "high", "high"))
    ]
    mine.patch(f"/tickets/{ids[1]}", json={"status": "closed"}).raise_for_status()

    def listed(**query: str) -> list[str]:
        return [each["title"] for each in mine.get("/tickets", params=query).json()["items"]]

    assert listed() == ["t2", "t1", "t0"]
    assert listed(status="open") == ["t2", "t0"]
    assert listed(priority="high", status="closed") == ["t1"]
    assert mine.get("/tickets", params={"status": "lost"}).status_code == 422


def test_tickets_are_found_by_a_part_of_their_title_or_text(mine: httpx2.Client) -> None:
    for title, body in (("Refund of 100%", ""), ("Outage", "no refund before Monday"), ("x", "")):
        mine.post("/tickets", json={"title": title, "body": body}).raise_for_status()

    def found(words: str, **more: str) -> list[str]:
        page = mine.get("/tickets", params={"q": words, **more}).json()
        assert page["total_count"] == len(page["items"])
        return [each["title"] for each in page["items"]]

    assert found("REFUND") == ["Outage", "Refund of 100%"]
    assert found("100%") == ["Refund of 100%"]
    assert found("%") == ["Refund of 100%"]
    assert found("refund", status="closed") == []
    assert len(found(" ")) == 3


def test_a_change_keeps_what_it_leaves_out_and_is_audited(mine: httpx2.Client) -> None:
    made = mine.post("/tickets", json=TICKET).json()
    changed = mine.patch(f"/tickets/{made['id']}", json={"status": "in_progress"}).json()
    assert (changed["status"], changed["title"]) == ("in_progress", TICKET["title"])
    assert changed["updated_at"] > made["updated_at"]
    newest = mine.get("/admin/audit").json()["items"][0]
    assert (newest["action"], newest["before"], newest["after"]) == (
        "ticket.change",
        {"priority": "high", "status": "open"},
        {"priority": "high", "status": "in_progress"},
    )


def test_a_ticket_belongs_to_a_conversation_by_the_senders_id(mine: httpx2.Client) -> None:
    stored(conversation("c-1"))
    made = mine.post("/tickets", json=TICKET | {"conversation_id": "c-1"})
    assert made.json()["conversation_id"]
    unknown = mine.post("/tickets", json=TICKET | {"conversation_id": "c-2"})
    assert unknown.status_code == 404


@pytest.mark.parametrize("title", ["", "  ", "two\nlines", "x" * 201])
def test_a_title_is_one_line(mine: httpx2.Client, title: str) -> None:
    assert mine.post("/tickets", json={"title": title}).status_code == 422


def test_reviewers_handle_tickets_and_analysts_and_keys_do_not(client: Client) -> None:
    assert client(person(Role.REVIEWER)).post("/tickets", json=TICKET).status_code == 201
    for other in (
        client(person(Role.ANALYST)),
        keyed(client, bearing(api_key(Scope.EXECUTE, Scope.READ))),
    ):
        assert other.get("/tickets").status_code == 403
        assert other.post("/tickets", json=TICKET).status_code == 403


def test_an_unknown_ticket_is_missing(mine: httpx2.Client) -> None:
    address = "/tickets/00000000-0000-7000-8000-000000000001"
    assert mine.get(address).status_code == 404
    assert mine.patch(address, json={"status": "closed"}).status_code == 404
