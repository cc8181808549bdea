"""Rows that several may tell of, and what an import has noted of them: read some at a time, written back, and settled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from core.database.staging import Connection
from core.imports.undoing.three_way import Image, RowChange, RowShape

SOME = """
select row_id, array_agg(number order by number desc), array_agg(before order by number desc),
    array_agg(after order by number desc)
from import_traces where (import_id, kind) = (%(import_id)s, %(kind)s) group by row_id order by row_id limit %(at_once)s"""
PRESENT = """
select id, to_jsonb(present) from {table} as present where id = any(%(ids)s) order by id for update"""
WRITE = """
update {table} as present set {columns}
from jsonb_populate_recordset(null::{table}, %(rows)s::jsonb) as fresh where fresh.id = present.id"""
# Those that have made the row themselves (`before` is null) have nothing of this one in what they noted.
OTHERS = """
select import_id, row_id, number, before, after from import_traces
where kind = %(kind)s and row_id = any(%(ids)s) and import_id <> %(import_id)s and before is not null
order by number for update"""
SHADOWED = """
select row_id, number, shadowed from import_traces
where kind = %(kind)s and row_id = any(%(ids)s) and import_id <> %(import_id)s and shadowed is not null order by number"""
REWRITE = """
update import_traces set before = nullif(fresh.before, 'null'), after = nullif(fresh.after, 'null')
from jsonb_to_recordset(%(rows)s::jsonb) as fresh (import_id uuid, row_id uuid, number bigint, before jsonb, after jsonb)
where (import_traces.import_id, kind, import_traces.row_id, import_traces.number)
    = (fresh.import_id, %(kind)s, fresh.row_id, fresh.number)"""
SETTLED = "delete from import_traces where (import_id, kind) = (%(import_id)s, %(kind)s) and row_id = any(%(ids)s)"


@dataclass(frozen=True)
class Trace:
    """A row as it is, and what the import has changed of it, the last change first."""

    id: UUID
    present: Image
    changes: list[RowChange]
    numbers: list[int]
    shadowed: list[tuple[int, list[Image]]] = field(default_factory=list)  # what other imports said, by the numbers of theirs

    def left(self, shape: RowShape) -> Image:
        """Return the fields of the row without the import."""
        return self.without(shape, self.present, self.changes, [each for _, said in self.shadowed for each in said])

    def left_then(self, shape: RowShape, image: Image, number: int, *, with_own: bool) -> Image:
        """Return the fields of the row as it was when another import noted it: before, or with, what that one said."""
        said = [each for noted, told in self.shadowed if noted < number + with_own for each in told]
        return self.without(shape, image, self.until(number), said)

    def without(self, shape: RowShape, image: Image, changes: list[RowChange], shadowed: list[Image]) -> Image:
        """Return fields without some changes, and with what those hid."""
        fields = shape.without(image, changes)
        return shape.uncovered(fields, shadowed) if shadowed else fields

    @property
    def before(self) -> Image | None:
        """The row before the import; None when the import has made it."""
        return self.changes[-1].before

    def until(self, number: int) -> list[RowChange]:
        """Return the changes that came before something else."""
        return [change for mine, change in zip(self.numbers, self.changes, strict=True) if mine < number]


@dataclass(frozen=True)
class Told:
    """One kind of such rows: its table and its fields."""

    table: str
    shape: RowShape

    def some(self, connection: Connection, import_id: UUID, *, at_once: int) -> tuple[list[UUID], list[Trace]]:
        """Return some of the rows that an import has noted, and what it has noted; of those that are gone, their ids alone."""
        given = {"import_id": import_id, "kind": self.table, "at_once": at_once}
        noted = connection.execute(SOME, given).fetchall()
        ids = [id_ for id_, *_ in noted]
        present = dict(connection.execute(PRESENT.format(table=self.table).encode(), {"ids": ids}).fetchall())
        hidden: dict[UUID, list[tuple[int, list[Image]]]] = {}
        for id_, number, said in connection.execute(SHADOWED, {**given, "ids": ids}):
            hidden.setdefault(id_, []).append((number, said))
        traces = [
            Trace(id_, present[id_], [RowChange(*each) for each in zip(before, after, strict=True)], numbers, hidden.get(id_, []))
            for id_, numbers, before, after in noted
            if id_ in present
        ]
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
            connection.execute(f"delete from {self.table} where id = any(%(ids)s)".encode(), {"ids": list(ids)})  # noqa: S608  ours

    def owners(self, connection: Connection, import_id: UUID, traces: Iterable[Trace]) -> dict[UUID, str | None]:
        """Return which import has made each row when this one has not: none, or the next to tell of it."""
        owners = {trace.id: trace.before["import_id"] for trace in traces if trace.before is not None}
        made = {trace.id: trace for trace in traces if trace.before is None}
        given: dict[str, Any] = {"import_id": import_id, "kind": self.table, "ids": list(made)}
        for other, id_, number, before, _ in connection.execute(OTHERS, given).fetchall():
            if id_ not in owners and (changes := made[id_].until(number)):
                owners[id_] = None if self.shape.without(before, changes)["told"] else str(other)
        return dict.fromkeys(made) | owners

    def settle(
        self, connection: Connection, import_id: UUID, ids: list[UUID], traces: Iterable[Trace], firsts: Mapping[UUID, Image]
    ) -> None:
        """Forget what the import has noted, after taking its part out of what later imports have noted.

        `firsts` are the columns of each row that only the first to come has set, as they were before the import.
        """
        given: dict[str, Any] = {"import_id": import_id, "kind": self.table, "ids": ids}
        mine = {trace.id: trace for trace in traces}
        rows = []
        for other, id_, number, before, after in connection.execute(OTHERS, given).fetchall():
            if id_ in mine and mine[id_].until(number):
                left = None if after is None else after | mine[id_].left_then(self.shape, after, number, with_own=True)
                was = self._before(before, mine[id_], number, firsts[id_])
                rows.append({"import_id": other, "row_id": id_, "number": number, "before": was, "after": left})
        if rows:
            connection.execute(REWRITE, {"kind": self.table, "rows": _json(rows)})
        connection.execute(SETTLED, given)

    def _before(self, image: Image, mine: Trace, number: int, firsts: Image) -> Image | None:
        """Return how a row was before a later import noted it as `number`, had there not been these changes."""
        fields = mine.left_then(self.shape, image, number, with_own=False)
        if mine.before is None and not fields["told"]:
            return None
        return image | fields | firsts


def _json(rows: list[Image]) -> str:
    return msgspec.json.encode(rows).decode()
