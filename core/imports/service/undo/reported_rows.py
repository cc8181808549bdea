"""Rows that are merged by field (users, conversations, batch runs), without what one import
reported of them.

A field that still is as the import reported it goes back to the newest that the other traces hold
of it; any other stays.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql

from core.database.field_versions import Fields, VersionedFields
from core.database.import_traces import OTHERS, stems_from
from core.database.staging import Connection
from core.platform.clock import EPOCH, MICROSECOND

KEPT = object()  # as the default of a column: when not reported, it is left as it is

Image = dict[str, Any]

SOME = """
select row_id from import_traces where (import_id, kind) = (%(import_id)s, %(kind)s) order by row_id
    limit %(at_once)s for update"""
TRACES = """
select row_id, import_id, content from import_traces where kind = %(kind)s and row_id = any(%(ids)s)
    order by number"""
PRESENT = "select id, to_jsonb(present) from {table} as present where id = any(%(ids)s)"
WRITE = """
update {table} as present set ({columns}) = (select {columns}
    from jsonb_populate_record(null::{table}, fresh.image))
from jsonb_to_recordset(%(rows)s::jsonb) as fresh (id uuid, image jsonb)
    where fresh.id = present.id"""
DELETE = "delete from {table} where id = any(%(ids)s) and id <> all(%(kept)s)"
# What others reported is kept as long as another import may be undone.
SETTLE = """
delete from import_traces as trace
where kind = %(kind)s and row_id = any(%(ids)s)
    and (import_id = %(import_id)s or import_id = %(others)s and not exists (
    select from import_traces as other where (other.row_id, other.kind) = (trace.row_id, trace.kind)
        and other.import_id not in (%(import_id)s, %(others)s)))"""


@dataclass(frozen=True)
class RemainingRow:
    """A row with the values it keeps without the import."""

    id: UUID
    present: Image
    fields: Fields  # without those of the import
    # What other imports reported, and OTHERS, in the order in which they came
    others: Mapping[UUID, Fields]

    @property
    def is_reported(self) -> bool:
        """Whether another source reported the row, or it existed before all imports."""
        return bool(self.fields) or OTHERS in self.others

    def times(self, name: str) -> list[datetime]:
        """Return the times that are kept under a name, of each import by themselves."""
        kept = [
            version for path, (_, version) in self.fields.items() if path.partition(".")[0] == name
        ]
        return [EPOCH + at * MICROSECOND for times in kept for at in times]

    def owner(self, import_id: UUID) -> str | None:
        """Return the import to which the row belongs: the next to report it where it was the one
        that is undone.
        """
        owner: str | None = self.present["import_id"]
        if owner != str(import_id):
            return owner
        first = next(iter(self.others), OTHERS)
        return None if first == OTHERS else str(first)


@dataclass(frozen=True)
class MergedTable:
    """One kind of such rows: its table, how its rows are locked, and what its columns are where
    nobody reported them.
    """

    table: str
    lock: Callable[[Connection, Collection[UUID]], dict[UUID, VersionedFields]]
    columns: Mapping[str, Any]

    def some(
        self, connection: Connection, import_id: UUID, *, at_once: int
    ) -> tuple[list[UUID], list[RemainingRow]]:
        """Return ids of some rows of an import, and what existing ones keep without it."""
        given = {"import_id": import_id, "kind": self.table, "at_once": at_once}
        ids = [id_ for (id_,) in connection.execute(SOME, given)]
        known = self.lock(connection, ids)
        images = connection.execute(composed(PRESENT, self.table), {"ids": ids}).fetchall()
        traces: dict[UUID, dict[UUID, Fields]] = {id_: {} for id_ in ids}
        for id_, by, content in connection.execute(TRACES, {**given, "ids": ids}):
            traces[id_][by] = content
        return ids, [
            self._left(import_id, id_, image, known[id_].fields(), traces[id_])
            for id_, image in images
        ]

    def _left(
        self, import_id: UUID, id_: UUID, present: Image, known: Fields, traces: dict[UUID, Fields]
    ) -> RemainingRow:
        own = traces.pop(import_id)
        fields = {
            path: newest(path, traces.values()) if stems_from(own, path, field) else field
            for path, field in known.items()
        }
        return RemainingRow(
            id_,
            present,
            {path: field for path, field in fields.items() if field is not None},
            traces,
        )

    def image(self, left: RemainingRow) -> Image:
        """Return the columns that a row keeps without the import."""
        image = {
            name: left.present[name] if default is KEPT else default
            for name, default in self.columns.items()
        }
        for path, (value, _) in left.fields.items():
            name, _, key = path.partition(".")
            if name in image:
                image[name] = {**image[name], key: value} if key else value
        return image | {"told": {path: version for path, (_, version) in left.fields.items()}}

    def settle(
        self, connection: Connection, import_id: UUID, ids: list[UUID], images: Mapping[UUID, Image]
    ) -> dict[str, int]:
        """Write the rows that stay, delete the others and forget what the import reported; return
        how many are gone.
        """
        if images:
            columns = sql.SQL(", ").join(map(sql.Identifier, next(iter(images.values()))))
            rows = [{"id": id_, "image": image} for id_, image in images.items()]
            connection.execute(
                composed(WRITE, self.table, columns=columns),
                {"rows": msgspec.json.encode(rows).decode()},
            )
        gone = connection.execute(
            composed(DELETE, self.table), {"ids": ids, "kept": list(images)}
        ).rowcount
        connection.execute(
            SETTLE, {"import_id": import_id, "kind": self.table, "ids": ids, "others": OTHERS}
        )
        return {self.table: gone}


def composed(statement: str, table: str, **parts: sql.Composable) -> sql.Composed:
    """Return a statement for one of the tables."""
    return sql.SQL(statement).format(table=sql.Identifier(table), **parts)


def newest(path: str, traces: Iterable[Fields]) -> list[Any] | None:
    """Return the newest of what several reported of a field; of two that are equally new, the
    later.
    """
    found = [each[path] for each in traces if path in each]
    return max(reversed(found), key=lambda field: field[1], default=None)
