"""Rows that were stored before the search set punctuation apart are found once the worker has read
them again.
"""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from core.database.db import Database, transaction
from core.knowledge.documents import ingest as documents
from core.knowledge.memories import ingest as memories
from core.knowledge.schemas import NewDocument, NewMemory
from core.system.jobs import search_again
from core.system.service import search_vectors
from tests.factories.conversations import SOURCE, stored
from tests.factories.history import tasks

pytestmark = pytest.mark.usefixtures("database")

FOUND = "select count(*) from {} where search @@ to_tsquery('simple', 'thank')"
AT = "2026-11-01T00:00:00Z"


def old(table: str, database: Database, content: str) -> None:
    """Let rows be searched as they were before."""
    with transaction(database) as session:
        session.execute(text(f"update {table} set search = to_tsvector('simple', {content})"))


def found(table: str, database: Database) -> int:
    with transaction(database) as session:
        return session.scalar(text(FOUND.format(table))) or 0


def rows(kind: Any) -> list[Any]:  # noqa: ANN401
    fields = {
        "created_at": AT,
        "title": "t",
        "content": "No.Thank you",
        "scope": "s",
        "kind": "fact",
    }
    known = {name: value for name, value in fields.items() if name in kind.__struct_fields__}
    return [msgspec.convert({"id": str(number), **known}, kind) for number in range(3)]


def test_messages_are_found_again_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [
        {"id": f"m{number}", "role": "user", "content": "No.Thank you", "created_at": AT}
        for number in range(5)
    ]
    stored({"id": "c", "messages": said})
    old("messages", Database.CORE, "content")
    assert found("messages", Database.CORE) == 0
    monkeypatch.setattr(search_vectors, "AT_ONCE", 2)
    monkeypatch.setattr(search_vectors, "IN_A_JOB", 4)
    search_again("messages", None)
    assert found("messages", Database.CORE) == 4
    assert tasks(search_vectors.TASK, "todo") == 1  # goes on where this one stopped
    with transaction() as session:
        last: UUID | None = session.scalar(
            text("select (args ->> 'behind')::uuid from procrastinate_jobs")
        )
    search_again("messages", str(last))
    assert found("messages", Database.CORE) == 5


@pytest.mark.parametrize(
    ("table", "store", "kind", "content"),
    [
        ("ai_kb_documents", documents.store, NewDocument, "title || ' ' || content"),
        ("ai_memories", memories.store, NewMemory, "content"),
    ],
)
def test_documents_and_memories_are_found_from_the_start_and_again(
    table: str,
    store: Any,  # noqa: ANN401
    kind: Any,  # noqa: ANN401
    content: str,
) -> None:
    with transaction(Database.AI) as ai:
        store(ai, rows(kind), SOURCE)
    assert found(table, Database.AI) == 3
    old(table, Database.AI, content)
    assert found(table, Database.AI) == 0
    search_again(table, None)
    assert found(table, Database.AI) == 3
