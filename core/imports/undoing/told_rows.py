"""Rows that several may tell of, and what an import has noted of them: read some at a time, written back, and settled."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from core.imports.undoing.three_way import Image, Shape
from core.staging import Connection

SOME = """
select row_id, number, before, after from import_traces where (import_id, kind) = (%(import_id)s, %(kind)s)
order by row_id limit %(at_once)s for update"""
PRESENT = """
select id, to_jsonb(present) from {table} as present where id = any(%(ids)s) order by id for update"""
WRITE = """
update {table} as present set {columns}
from jsonb_populate_recordset(null::{table}, %(rows)s::jsonb) as fresh where fresh.id = present.id"""
LATER = """
select import_id, row_id, before, after from import_traces as later
where kind = %(kind)s and row_id = any(%(ids)s) and import_id <> %(import_id)s and before is not null
    and number > (select number from import_traces as mine where (mine.import_id, mine.kind, mine.row_id)
        = (%(import_id)s, %(kind)s, later.row_id))
for update"""
REWRITE = """
update import_traces set before = nullif(fresh.before, 'null'), after = nullif(fresh.after, 'null')
from jsonb_to_recordset(%(rows)s::jsonb) as fresh (import_id uuid, row_id uuid, before jsonb, after jsonb)
where (import_traces.import_id, kind, import_traces.row_id) = (fresh.import_id, %(kind)s, fresh.row_id)"""
SETTLED = "delete from import_traces where (import_id, kind) = (%(import_id)s, %(kind)s) and row_id = any(%(ids)s)"


@dataclass(frozen=True)
class Trace:
    """A row, as it was before the import, as the import left it, and as it is."""

    id: UUID
    before: Image | None
    after: Image | None
    present: Image


@dataclass(frozen=True)
class Told:
    """One kind of such rows: its table, its fields, and columns beside these that only the first to come has set."""

    table: str
    shape: Shape
    firsts: tuple[str, ...] = ()

    def some(self, connection: Connection, import_id: UUID, *, at_once: int) -> tuple[list[UUID], list[Trace]]:
        """Return some of the rows that an import has noted, and what it has noted; of those that are gone, their ids alone."""
        given = {"import_id": import_id, "kind": self.table, "at_once": at_once}
        noted = connection.execute(SOME, given).fetchall()
        ids = [id_ for id_, *_ in noted]
        present = dict(connection.execute(PRESENT.format(table=self.table).encode(), {"ids": ids}).fetchall())
        traces = [Trace(id_, before, after, present[id_]) for id_, _, before, after in noted if id_ in present]
        return ids, traces

    def write(self, connection: Connection, rows: Iterable[Image]) -> None:
        """Write rows back: their fields and whatever else they hold."""
        found = list(rows)
        if found:
            columns = ", ".join(f"{name} = fresh.{name}" for name in found[0] if name != "id")
            statement = WRITE.format(table=self.table, columns=columns)
            connection.execute(statement.encode(), {"rows": _json(found)})

    def delete(self, connection: Connection, ids: Sequence[UUID]) -> None:
        """Delete rows."""
        if ids:
            connection.execute(f"delete from {self.table} where id = any(%(ids)s)".encode(), {"ids": list(ids)})  # noqa: S608

    def settle(self, connection: Connection, import_id: UUID, ids: list[UUID], traces: Iterable[Trace]) -> None:
        """Forget what the import has noted, after taking its part out of what later imports have noted."""
        given: dict[str, Any] = {"import_id": import_id, "kind": self.table, "ids": ids}
        mine = {trace.id: trace for trace in traces}
        later = connection.execute(LATER, given).fetchall()
        rows = [
            {
                "import_id": other,
                "row_id": id_,
                "before": self._without(before, mine[id_]),
                "after": self._after(after, mine[id_]),
            }
            for other, id_, before, after in later
            if id_ in mine
        ]
        if rows:
            connection.execute(REWRITE, {"kind": self.table, "rows": _json(rows)})
        connection.execute(SETTLED, given)

    def _after(self, image: Image | None, mine: Trace) -> Image | None:
        return None if image is None else image | self.shape.without(image, mine.before, mine.after)

    def _without(self, image: Image, mine: Trace) -> Image | None:
        """Return how a row was before a later import, had there not been this one."""
        if mine.before is None and not self.shape.is_told_by_others(image, mine.after):
            return None
        firsts = {name: None if mine.before is None else mine.before[name] for name in self.firsts}
        return image | self.shape.without(image, mine.before, mine.after) | firsts


def _json(rows: list[Image]) -> str:
    return msgspec.json.encode(rows).decode()
