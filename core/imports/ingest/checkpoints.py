"""Checkpoints of the database `ai`: it commits a chunk before `core` does, and a kill may come
between the two.

Stored again, the chunk would count its own rows as duplicates. The checkpoint is one of the traces
of the import (core/database/import_traces.py), one for each import, and is removed with them.
"""

import json
from uuid import UUID

from sqlalchemy import text

from core.database.db import Session
from core.imports.parsed import RowKind
from core.imports.schemas import RowCounts

KIND = "imports"
NOTED = text(
    "select content from import_traces where (import_id, kind, row_id) = (:import_id, :kind, "
    ":import_id)"
)
FORGET = text(
    "delete from import_traces where (import_id, kind, row_id) = (:import_id, :kind, :import_id)"
)
NOTE = text("""
insert into import_traces (import_id, kind, row_id, content)
values (:import_id, :kind, :import_id, cast(:mark as jsonb))""")


def counted(
    ai: Session, import_id: UUID, after: int, counts: dict[RowKind, RowCounts]
) -> dict[RowKind, RowCounts]:
    """Return the counts of the chunk that begins after a record, with those of before a kill, and
    store them.
    """
    noted = ai.scalar(NOTED, {"import_id": import_id, "kind": KIND}) or {}
    brought = noted.get("accepted", {}) if noted.get("after") == after else {}
    found = {}
    for kind, count in counts.items():
        known = min(brought.get(kind, 0), count.duplicates)
        found[kind] = count.model_copy(
            update={"accepted": count.accepted + known, "duplicates": count.duplicates - known}
        )
    forget(ai, import_id)
    mark = {"after": after, "accepted": {kind: count.accepted for kind, count in found.items()}}
    ai.execute(NOTE, {"import_id": import_id, "kind": KIND, "mark": json.dumps(mark)})
    return found


def forget(ai: Session, import_id: UUID) -> None:
    """Remove the checkpoint of an import that is undone."""
    ai.execute(FORGET, {"import_id": import_id, "kind": KIND})
