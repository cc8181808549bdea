"""Memories and feedback are read to their end by cursor."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.api.review.conftest import FEEDBACK, MEMORIES, NOW, store
from tests.factories.identity import person

NUMBERS = range(7)


def at(number: int) -> str:
    """Return a time that several rows share."""
    return (NOW - timedelta(hours=1, minutes=number % 3)).isoformat()


def fill_memories() -> None:
    for number in NUMBERS:
        row = {"id": f"m{number}", "content": "likes tea", "scope": "shop"}
        store("memories", row | {"updated_at": at(number)})


def fill_feedback() -> None:
    for number in NUMBERS:
        row = {"id": f"f{number}", "conversation_id": "c", "rating": 5, "scale": "five"}
        store("feedback", row | {"created_at": at(number)})


FILLS = {MEMORIES: fill_memories, FEEDBACK: fill_feedback}


@pytest.fixture
def reviewer(client: Client) -> httpx2.Client:
    return client(person(Role.REVIEWER))


@pytest.mark.parametrize("door", FILLS)
def test_pages_by_cursor_are_the_whole_list(reviewer: httpx2.Client, door: str) -> None:
    FILLS[door]()
    rows: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while "cursor" not in query or query["cursor"] is not None:
        page = reviewer.get(door, params=query).raise_for_status().json()
        rows += [row["id"] for row in page["items"]]
        assert page["total_count"] == len(NUMBERS)
        query["cursor"] = page["next_cursor"]
    whole = reviewer.get(door).raise_for_status().json()["items"]
    assert rows == [row["id"] for row in whole]
    assert len(rows) == len(NUMBERS)


@pytest.mark.parametrize("door", FILLS)
def test_a_cursor_that_the_list_has_not_returned_is_refused(
    reviewer: httpx2.Client, door: str
) -> None:
    assert reviewer.get(door, params={"cursor": "x"}).status_code == 422
