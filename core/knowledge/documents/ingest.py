"""Store documents received: of each, the newest state."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from core.database import import_traces
from core.database.staging import Stage, driver
from core.ingest.intake import RowSource, as_jsonb, key_of
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
STATE = ("scope", "title", "content", "tags", "source", "status", "attributes")
# Of two that are equally new, the later to arrive holds.
UPSERT = f"""
insert into ai_kb_documents as present (id, external_id, scope, title, content, tags, source, status, attributes, import_id,
    created_at, updated_at)
select distinct on (id) id, external_id, scope, title, content, tags, source, status, attributes::jsonb, import_id,
    min(created_at) over (partition by id), updated_at
from staged_documents order by id, updated_at desc, place desc
on conflict (id) do update set {", ".join(f"{name} = excluded.{name}" for name in STATE)},
    updated_at = excluded.updated_at, import_id = excluded.import_id, created_at = least(present.created_at, excluded.created_at)
where excluded.updated_at >= present.updated_at
    and ({", ".join(f"present.{name}" for name in STATE)}) is distinct from ({", ".join(f"excluded.{name}" for name in STATE)})"""  # noqa: S608


def store(session: Session, documents: list[NewDocument], source: RowSource) -> int:
    """Store documents; return how many of them are new or changed."""
    documents = source.cleaned(documents)
    connection = driver(session)
    DOCUMENTS.copy(connection, _rows(documents, source))
    import_traces.taken_over(connection, source.import_id, "ai_kb_documents", DOCUMENTS)
    return connection.execute(UPSERT.encode()).rowcount


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
