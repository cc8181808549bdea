"""What the database `ai` has taken of a chunk, noted beside its rows: it commits before `core`, which may never hear of it.

Done again, the chunk finds its rows there, and would count them as duplicates. The mark stands among the traces of the import
(core/database/import_traces.py), one a database, and goes with them.
"""

import json
from uuid import UUID

from sqlalchemy import text

from core.database.db import Session
from core.imports.parsed import RowKind
from core.imports.schemas import Count

KIND = "imports"
NOTED = text("select before from import_traces where (import_id, kind, row_id) = (:import_id, :kind, :import_id)")
FORGET = text("delete from import_traces where (import_id, kind, row_id) = (:import_id, :kind, :import_id)")
NOTE = text("""
insert into import_traces (import_id, kind, row_id, before)
values (:import_id, :kind, :import_id, cast(:mark as jsonb))""")


def counted(ai: Session, import_id: UUID, after: int, counts: dict[RowKind, Count]) -> dict[RowKind, Count]:
    """Return the counts of the chunk that begins after a record, with what it brought before a kill, and note them."""
    noted = ai.scalar(NOTED, {"import_id": import_id, "kind": KIND}) or {}
    brought = noted.get("accepted", {}) if noted.get("after") == after else {}
    found = {kind: _with(count, brought.get(kind, 0)) for kind, count in counts.items()}
    forget(ai, import_id)
    mark = {"after": after, "accepted": {kind: count.accepted for kind, count in found.items()}}
    ai.execute(NOTE, {"import_id": import_id, "kind": KIND, "mark": json.dumps(mark)})
    return found


def forget(ai: Session, import_id: UUID) -> None:
    """Forget the mark of an import that is taken back."""
    ai.execute(FORGET, {"import_id": import_id, "kind": KIND})


def _with(count: Count, brought: int) -> Count:
    known = min(brought, count.duplicates)
    return count.model_copy(update={"accepted": count.accepted + known, "duplicates": count.duplicates - known})
