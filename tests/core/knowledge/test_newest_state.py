"""Documents and memories are sent as a whole: the newer of two states applies, in any order."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.ingest.rows import RowSource, key_of, message_name
from core.knowledge.documents import ingest as documents
from core.knowledge.documents import service
from core.knowledge.documents.schemas import DocumentChangeBody
from core.knowledge.errors import DocumentMoved
from core.knowledge.memories import ingest as memories
from core.knowledge.schemas import NewDocument, NewMemory
from core.platform import clock
from tests.factories.conversations import conversation, stored
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")

SOURCE = RowSource(environment="production", zone="UTC")
START = datetime(2026, 11, 1, tzinfo=UTC)


def state(number: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
    return {
        "id": "x",
        "content": f"state {number}",
        "updated_at": (START + timedelta(hours=number)).isoformat(),
        **more,
    }


def store_documents(*given: dict[str, Any]) -> int:
    with transaction(Database.AI) as session:
        return documents.store(session, msgspec.convert(list(given), list[NewDocument]), SOURCE)


def store_memories(*given: dict[str, Any]) -> int:
    with transaction(Database.AI) as session:
        return memories.store(session, msgspec.convert(list(given), list[NewMemory]), SOURCE)


STORES = {"ai_kb_documents": store_documents, "ai_memories": store_memories}
both = pytest.mark.parametrize("table", sorted(STORES))


def only(table: str) -> dict[str, Any]:
    with transaction(Database.AI) as session:
        return dict(session.execute(text(f"select * from {table}")).mappings().one())


@both
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_newest_holds(table: str, order: tuple[int, ...]) -> None:
    for number in (*order, order[0]):
        STORES[table](state(number))
    assert only(table)["content"] == "state 2"
    assert STORES[table](state(0), state(1), state(2)) == 0


@both
def test_of_several_in_one_batch_too(table: str) -> None:
    assert STORES[table](state(1), state(2), state(0)) == 1
    assert only(table)["content"] == "state 2"


@both
def test_at_once_too(table: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(lambda number: STORES[table](state(number)), [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5])
        )
    assert only(table)["content"] == "state 9"


def test_a_document_with_all_it_has() -> None:
    store_documents(
        state(
            1,
            title="Returns",
            scope="shop",
            tags=["a", "b"],
            status="draft",
            source="wiki",
            extra={"odd": 1},
            metadata={"n": 2},
        )
    )
    found = only("ai_kb_documents")
    assert (found["title"], found["scope"], found["tags"], found["status"]) == (
        "Returns",
        "shop",
        ["a", "b"],
        "draft",
    )
    assert (found["attributes"], found["id"]) == ({"odd": 1, "n": 2}, key_of("document", "x"))


def test_a_document_of_a_million_characters_is_taken_and_searched() -> None:
    store_documents(
        state(1, content="".join(f"word{number} " for number in range(100_000))[:1_000_000])
    )
    assert "word77" in only("ai_kb_documents")["search"]


def test_a_memory_knows_its_user_and_its_message() -> None:
    stored(conversation("c", 2))
    store_memories(
        state(
            1,
            user_id="ada",
            kind="preference",
            confidence=0.9,
            source_message_id="m1",
            conversation_id="c",
        )
    )
    found = only("ai_memories")
    assert (found["user_id"], found["source_message_id"]) == (
        key_of("user", "ada"),
        key_of("message", message_name("c", "m1")),
    )
    assert (found["kind"], found["confidence"]) == ("preference", Decimal("0.9"))


def test_a_second_edit_is_told_of_the_first_also_when_the_senders_clock_was_ahead() -> None:
    # Edited, it kept the sender's later time, and a second edit saw no change
    ahead = (clock.now() + timedelta(hours=2)).isoformat()
    store_documents({"id": "x", "content": "sent", "updated_at": ahead})
    seen, admin = only("ai_kb_documents")["updated_at"], person(Role.ADMIN).actor
    first, second = (
        DocumentChangeBody(content=content, updated_at=seen) for content in ("first", "second")
    )
    with transaction(Database.AI) as session:
        changed = service.change_document(session, "x", first, actor=admin)
    assert changed.updated_at > seen
    with pytest.raises(DocumentMoved), transaction(Database.AI) as session:
        service.change_document(session, "x", second, actor=admin)
    assert only("ai_kb_documents")["content"] == "first"
