"""Store received documents; the newest state of each applies."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from core.database.import_traces import note_owned, note_repeated
from core.database.sql_files import driver_statement
from core.database.staging import Stage, driver
from core.ingest.rows import RowSource, as_jsonb, key_of
from core.knowledge.schemas import NewDocument
from core.platform import clock

DOCUMENTS = Stage(
    "staged_documents",
    {
        "id": "uuid",
        "external_id": "text",
        "scope": "text",
        "title": "text",
        "content": "text",
        "tags": "text[]",
        "source": "text",
        "status": "text",
        "attributes": "text",
        "import_id": "uuid",
        "created_at": "timestamptz",
        "updated_at": "timestamptz",
        "place": "int4",
    },
)
UPSERT = driver_statement(__package__, "upsert_documents")


def store(session: Session, documents: list[NewDocument], source: RowSource) -> int:
    """Store documents; return how many are new or changed."""
    documents = source.cleaned(documents)
    connection = driver(session)
    DOCUMENTS.copy(connection, _rows(documents, source))
    note_owned(connection, source.import_id, "ai_kb_documents", DOCUMENTS)
    changed = connection.execute(UPSERT).rowcount
    note_repeated(connection, source.import_id, "ai_kb_documents", DOCUMENTS)
    return changed


def _rows(documents: list[NewDocument], source: RowSource) -> Iterator[tuple[object, ...]]:
    now = clock.now()
    for place, each in enumerate(documents):
        yield (
            key_of("document", each.id),
            each.id,
            each.scope,
            each.title,
            each.content,
            each.tags,
            each.source,
            each.status,
            as_jsonb({**(each.metadata or {}), **(each.extra or {})}),
            source.import_id,
            each.created_at or now,
            each.updated_at or each.created_at or now,
            place,
        )
