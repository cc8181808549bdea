"""Store received memories; the newest state of each applies."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from core.conversations.queries import sender_ids
from core.conversations.queries.sender_ids import MessagePlace, Named
from core.database.db import read_session
from core.database.import_traces import note_owned, note_repeated
from core.database.sql_files import driver_statement
from core.database.staging import Stage, driver
from core.ingest.rows import RowSource, as_jsonb, key_of
from core.knowledge.schemas import NewMemory
from core.platform import clock

MEMORIES = Stage(
    "staged_memories",
    {
        "id": "uuid",
        "external_id": "text",
        "user_id": "uuid",
        "scope": "text",
        "kind": "text",
        "content": "text",
        "confidence": "numeric",
        "source_message_id": "uuid",
        "attributes": "text",
        "import_id": "uuid",
        "created_at": "timestamptz",
        "updated_at": "timestamptz",
        "place": "int4",
    },
)
UPSERT = driver_statement(__package__, "upsert_memories")


def store(session: Session, memories: list[NewMemory], source: RowSource) -> int:
    """Store memories; return how many are new or changed."""
    memories = source.cleaned(memories)
    named = {
        (each.conversation_id, each.source_message_id)
        for each in memories
        if each.source_message_id is not None
    }
    places: dict[Named, MessagePlace] = {}
    if named:
        with read_session() as core:
            places = sender_ids.places(core, named)
    connection = driver(session)
    MEMORIES.copy(connection, _rows(memories, places, source))
    note_owned(connection, source.import_id, "ai_memories", MEMORIES)
    changed = connection.execute(UPSERT).rowcount
    note_repeated(connection, source.import_id, "ai_memories", MEMORIES)
    return changed


def _rows(
    memories: list[NewMemory], places: dict[Named, MessagePlace], source: RowSource
) -> Iterator[tuple[object, ...]]:
    now = clock.now()
    for number, each in enumerate(memories):
        yield (
            key_of("memory", each.id),
            each.id,
            key_of("user", each.user_id) if each.user_id is not None else None,
            each.scope,
            each.kind,
            each.content,
            # As the column keeps it: more decimals would make the same memory a change
            Decimal(f"{each.confidence:.4f}") if each.confidence is not None else None,
            _message(each, places),
            as_jsonb({**(each.metadata or {}), **(each.extra or {})}),
            source.import_id,
            each.created_at or now,
            each.updated_at or each.created_at or now,
            number,
        )


def _message(memory: NewMemory, places: dict[Named, MessagePlace]) -> UUID | None:
    place = places.get((memory.conversation_id, memory.source_message_id))
    return place.message_id if place is not None else None
