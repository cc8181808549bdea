"""Register the demo's rows and annotations with imports."""

from datetime import datetime
from typing import Any
from uuid import UUID

from core.database.db import Session
from core.demo import queries
from core.demo.ingest import demo_annotations, examples
from core.demo.rows import rows
from core.digests.service import removed_data as digests
from core.imports.ingest import generators
from core.imports.ingest.generators import Generated


def make(mapping: dict[str, Any]) -> Generated:
    """Return the demo's rows and annotations, the same after a restart."""
    until = datetime.fromisoformat(mapping["until"])

    def finish(core: Session, ai: Session, import_id: UUID) -> None:
        demo_annotations.store(core, ai, import_id, demo_annotations.read(until))
        ai.flush()
        examples.store(core, ai, until)

    return Generated(rows(until), finish, _remove)


def _remove(core: Session) -> None:
    """Remove what names no import: the examples, and digests with the demo's figures."""
    examples.remove(core)
    digests.delete_digests(core)


generators.register(queries.FORMAT, make)
