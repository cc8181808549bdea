"""Store memories received: of each, the newest state."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from core.conversations import sender_ids
from core.conversations.sender_ids import MessagePlace, Named
from core.database import import_traces
from core.database.db import reading
from core.database.staging import Stage, driver
from core.ingest.intake import RowSource, as_jsonb, key_of
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
STATE = ("user_id", "scope", "kind", "content", "confidence", "source_message_id", "attributes")
# Of two that are equally new, the later to arrive holds.
UPSERT = f"""
insert into ai_memories as present (id, external_id, user_id, scope, kind, content, confidence, source_message_id, attributes,
    import_id, created_at, updated_at)
select distinct on (id) id, external_id, user_id, scope, kind, content, confidence, source_message_id, attributes::jsonb,
    import_id, min(created_at) over (partition by id), updated_at
from staged_memories order by id, updated_at desc, place desc
on conflict (id) do update set {", ".join(f"{name} = excluded.{name}" for name in STATE)},
    updated_at = excluded.updated_at, import_id = excluded.import_id, created_at = least(present.created_at, excluded.created_at)
where excluded.updated_at >= present.updated_at
    and ({", ".join(f"present.{name}" for name in STATE)}) is distinct from ({", ".join(f"excluded.{name}" for name in STATE)})"""  # noqa: S608


def store(session: Session, memories: list[NewMemory], source: RowSource) -> int:
    """Store memories; return how many of them are new or changed."""
    memories = source.cleaned(memories)
    named = {(each.conversation_id, each.source_message_id) for each in memories if each.source_message_id is not None}
    places: dict[Named, MessagePlace] = {}
    if named:
        with reading() as core:
            places = sender_ids.places(core, named)
    connection = driver(session)
    MEMORIES.copy(connection, _rows(memories, places, source))
    import_traces.taken_over(connection, source.import_id, "ai_memories", MEMORIES)
    return connection.execute(UPSERT.encode()).rowcount


def _rows(memories: list[NewMemory], places: dict[Named, MessagePlace], source: RowSource) -> Iterator[tuple[object, ...]]:
    now = clock.now()
    for number, each in enumerate(memories):
        yield (
            key_of("memory", each.id),
            each.id,
            key_of("user", each.user_id) if each.user_id is not None else None,
            each.scope,
            each.kind,
            each.content,
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
