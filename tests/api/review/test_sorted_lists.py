"""Lists are sorted on the server, and read to their end by cursor in every order."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from core.annotations.schemas import AnnotationOrder
from core.batches.views import RunOrder
from core.conversations.views import ConversationOrder
from core.database.db import Database, transaction
from core.knowledge.views import DocumentOrder
from core.platform import clock
from tests.api.review.conftest import DOCUMENTS, LIST, said, talk
from tests.api.review.conftest import store as learn
from tests.factories.batches import ran
from tests.factories.conversations import stored

NOW = clock.now().replace(microsecond=0)
NOTES, RUNS = "/admin/ai/tuning/annotations", "/admin/batch/history"
NUMBERS = range(7)
SEVERITIES = ("minor", "critical", None, "moderate", "minor", None, "critical")


def fill_conversations() -> None:
    for number in NUMBERS:
        stored(talk(f"t{number}", *["word"] * (1 + number * 3 % 5), minutes=10 + number % 3))


def fill_annotations() -> None:
    messages = [said(number, "word", 5) for number in range(15)]
    stored({"id": "t", "messages": messages})
    with transaction(Database.AI) as ai:
        for number, severity in enumerate(SEVERITIES):
            ai.execute(NOTE, {"number": number, "severity": severity})


NOTE = text("""
insert into ai_admin_annotations (id, message_id, conversation_id, admin_user_id, author_name,
    annotation_type, severity, status, environment, message_role, message_at, created_at)
select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),
    'author ' || :number % 3, 'flag', :severity,
    (array['pending', 'reviewed', 'applied'])[1 + :number % 3], 'production', 'user', now(),
    now() - :number % 4 * interval '1 minute'""")


def fill_runs() -> None:
    for number in NUMBERS:
        ran(
            NOW - timedelta(minutes=number % 4),
            job=f"job {number % 3}",
            took_s=None if number == 3 else 60 + number % 2 + 0.001,
            total_jobs=None if number < 2 else number % 4,
            failed_jobs=number % 3,
        )


def fill_documents() -> None:
    for number in NUMBERS:
        row = {"id": f"d{number}", "title": f"Ünïcode {number % 3}", "content": "x" * (number % 4)}
        learn("documents", row | {"scope": f"scope {number % 2}", "content": row["content"] + "y"})


@dataclass(frozen=True)
class SortedList:
    """A list with its orders, and the value that each sorts a row by."""

    door: str
    orders: type[Any]
    fill: Callable[[], None]
    values: dict[str, Callable[[dict[str, Any]], Any]]


PLACES = {None: -1, "minor": 0, "moderate": 1, "critical": 2}
STATES = ("pending", "reviewed", "applied")
LISTS = {
    "conversations": SortedList(
        LIST,
        ConversationOrder,
        fill_conversations,
        {
            "last_message": lambda row: row["last_message_at"],
            "messages": lambda row: row["message_count"],
            "cost": lambda row: float(row["total_cost_usd"] or -1),
        },
    ),
    "annotations": SortedList(
        NOTES,
        AnnotationOrder,
        fill_annotations,
        {
            "created": lambda row: row["created_at"],
            "severity": lambda row: PLACES[row["severity"]],
            "status": lambda row: STATES.index(row["status"]),
            "author": lambda row: row["author_name"],
        },
    ),
    "batch runs": SortedList(
        RUNS,
        RunOrder,
        fill_runs,
        {
            "started": lambda row: row["started_at"],
            "job": lambda row: row["batch_job"],
            "duration": lambda row: -1 if row["duration_ms"] is None else row["duration_ms"],
            "items": lambda row: -1 if row["total_jobs"] is None else row["total_jobs"],
            "failed": lambda row: row["failed_jobs"],
        },
    ),
    "documents": SortedList(
        DOCUMENTS,
        DocumentOrder,
        fill_documents,
        {
            "updated": lambda row: row["updated_at"],
            "title": lambda row: row["title"],
            "scope": lambda row: row["scope"],
            "characters": lambda row: row["characters"],
        },
    ),
}
ORDERS = [(name, str(order)) for name, listed in LISTS.items() for order in listed.orders]


@pytest.mark.parametrize(("which", "order"), ORDERS)
def test_pages_by_cursor_are_the_whole_list_in_its_order(
    admin: httpx2.Client, which: str, order: str
) -> None:
    listed = LISTS[which]
    listed.fill()
    rows: list[dict[str, Any]] = []
    query: dict[str, str | int] = {"sort": order, "limit": 2}
    while True:
        page = admin.get(listed.door, params=query).raise_for_status().json()
        rows += page["items"]
        assert page["total_count"] == len(NUMBERS)
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    whole = admin.get(listed.door, params={"sort": order}).raise_for_status().json()["items"]
    values = [listed.values[order.lstrip("-")](row) for row in rows]
    assert values == sorted(values, reverse=order.startswith("-"))
    assert [row["id"] for row in rows] == [row["id"] for row in whole]
    assert len(rows) == len(NUMBERS)


def cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


KEY = "0" * 32
REFUSED = (
    "x",
    cursor(),
    cursor("-messages", "1", KEY),  # of another order
    cursor("-last_message", "2026-01-01T00:00:00", KEY),  # without an offset
    cursor("-last_message", "1", KEY),
    cursor("-last_message", "2026-01-01T00:00:00+00:00", "no key"),
    cursor("-last_message", None, KEY),
    "[" * 900,
)


@pytest.mark.parametrize("given", REFUSED)
def test_a_cursor_that_the_list_has_not_returned_is_refused(
    admin: httpx2.Client, given: str
) -> None:
    assert admin.get(LIST, params={"cursor": given}).status_code == 422


@pytest.mark.parametrize("value", ["9" * 30, "1e9", "nan", "", "1.5"])
def test_a_number_that_no_column_holds_is_refused(admin: httpx2.Client, value: str) -> None:
    query = {"sort": "messages", "cursor": cursor("messages", value, KEY)}
    assert admin.get(LIST, params=query).status_code == 422


def test_a_search_of_documents_is_by_rank_unless_an_order_is_chosen(admin: httpx2.Client) -> None:
    learn("documents", {"id": "a", "title": "A", "content": "parcel"})
    learn("documents", {"id": "b", "title": "B", "content": "parcel parcel parcel"})

    def names(**query: str) -> list[str]:
        page = admin.get(DOCUMENTS, params={"q": "parcel", **query}).raise_for_status().json()
        return [row["external_id"] for row in page["items"]]

    assert (names(), names(sort="title")) == (["b", "a"], ["a", "b"])
    assert admin.get(DOCUMENTS, params={"q": "parcel", "cursor": "x"}).status_code == 422
