"""What each import reported of rows that others report, too: enough to tell how a row would be
without one of them (docs/decisions/0017).

Of rows that are merged by field (users, conversations, batch runs) a trace holds the fields that an
import reported; of rows that belong to their last writer (messages, feedback, scores,
annotations, documents, memories), the whole row as it left it. What came from no import is the
trace of OTHERS, kept where an import met it, or where it met an import.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql

from core.database.field_versions import Fields, Version, VersionedFields, merge
from core.database.staging import Connection, Stage, by_index

OTHERS = UUID(int=0)
LOST = "lost"  # a status that Attune itself sets over the one that was reported

# Most workspaces have never had one. A size is known at once, however many rows were deleted.
HAS_ANY = b"select pg_relation_size('import_traces') > 0"
FIND = """
select row_id, import_id, content from import_traces where kind = %(kind)s
    and row_id = any(%(ids)s)"""
# Those of others first: they are numbered in this order.
KEEP = """
insert into import_traces (import_id, kind, row_id, content)
select import_id, %(kind)s, row_id, content
from jsonb_to_recordset(%(traces)s::jsonb) as trace (import_id uuid, row_id uuid, content jsonb)
    order by import_id, row_id
on conflict (import_id, kind, row_id) do update set content = excluded.content"""
NAMED = """
with named as materialized (select distinct user_id from {stages} where user_id is not null)
insert into import_traces (import_id, kind, row_id, content)
select import_id, 'users', user_id, content from (
    select %(others)s::uuid as import_id, user_id, jsonb_build_object(
        'first_seen_at', jsonb_build_array(first_seen_at, null), 'last_seen_at',
            jsonb_build_array(last_seen_at, null)) as content
    from named join users on users.id = user_id
    where not exists (select from import_traces as trace
        where (trace.row_id, trace.kind) = (user_id, 'users'))
    union all
    select %(import_id)s, user_id, '{{}}' from named where not exists (
        select from import_traces as trace where (trace.import_id, trace.kind,
            trace.row_id) = (%(import_id)s, 'users', user_id))
) as trace order by import_id, user_id on conflict do nothing"""
# Without `search`, which Postgres derives from the other columns. The last to change a row has the
# highest number.
OWNED = """
insert into import_traces (import_id, kind, row_id, content)
select distinct on (present.id) coalesce(present.import_id, %(others)s), %(kind)s, present.id,
    to_jsonb(present) - 'search'
from {table} as present join {stage} as staged using (id)
where present.import_id is distinct from %(import_id)s order by present.id
on conflict (import_id, kind, row_id) do update set content = excluded.content, number = default"""
REPEATED = """
insert into import_traces (import_id, kind, row_id, content)
select distinct on (present.id) %(import_id)s, %(kind)s, present.id,
    to_jsonb(present) - 'search' || jsonb_build_object('import_id', %(import_id)s::uuid)
from {table} as present join {stage} as staged using (id)
where exists (select from import_traces as trace
    where (trace.row_id, trace.kind) = (present.id, %(kind)s)) order by present.id
on conflict (import_id, kind, row_id) do update set content = excluded.content, number = default"""


class Traces:
    """The traces of the rows of one batch that are merged by field."""

    def __init__(self, connection: Connection, import_id: UUID | None, table: str) -> None:
        """Collect what a batch reports of rows in `table`: of an import, or of OTHERS."""
        self._connection, self._table, self._by = connection, table, import_id or OTHERS
        self._traces: dict[tuple[UUID, UUID], Fields] = {}

    def begin(self, known: Mapping[UUID, VersionedFields], *, made: Collection[UUID]) -> None:
        """Note what others reported of rows that existed before; the rows must be locked."""
        stored = [id_ for id_ in known if id_ not in made]
        if self._by == OTHERS and not (stored and self._is_any()):
            return
        found = self._find(stored)
        if self._by == OTHERS:  # no row needs a trace that no import has
            self._traces = {(OTHERS, id_): by.get(OTHERS, {}) for id_, by in found.items() if by}
            return
        for id_, by in found.items():
            present = known[id_].fields()
            unknown = {
                path: field
                for path, field in present.items()
                if not any(stems_from(each, path, field) for each in by.values())
            }
            if unknown or not by:
                self._traces[OTHERS, id_] = by.get(OTHERS, {}) | unknown
            self._traces[self._by, id_] = by.get(self._by, {})

    def _is_any(self) -> bool:
        # After the rows were locked: an import that held them has left its traces by then.
        return self._connection.execute(HAS_ANY).fetchone() == (True,)

    def _find(self, ids: list[UUID]) -> dict[UUID, dict[UUID, Fields]]:
        """Return the traces of rows, by who left them."""
        found: dict[UUID, dict[UUID, Fields]] = {id_: {} for id_ in ids}
        if ids:
            with self._connection.pipeline(), by_index(self._connection):
                traces = self._connection.execute(FIND, {"kind": self._table, "ids": ids})
            for id_, import_id, content in traces:
                found[id_][import_id] = content
        return found

    def note(self, id_: UUID, fields: dict[str, Any], version: Version) -> None:
        """Note what a row of the batch reports."""
        if self._by != OTHERS:
            self._traces.setdefault((self._by, id_), {})
        if (self._by, id_) in self._traces:
            merge(self._traces[self._by, id_], fields, version)

    def keep(self, known: Mapping[UUID, VersionedFields]) -> None:
        """Store the traces, with the times that the rows have from this import alone."""
        for (by, id_), fields in self._traces.items():
            fields |= {
                path: [None, at]
                for path, at in known[id_].versions.items()
                if path.endswith(f".{by}")
            }
        if self._traces:
            rows = [
                {"import_id": by, "row_id": id_, "content": fields}
                for (by, id_), fields in self._traces.items()
            ]
            self._connection.execute(
                KEEP, {"kind": self._table, "traces": msgspec.json.encode(rows).decode()}
            )


def stems_from(trace: Fields, path: str, field: list[Any]) -> bool:
    """Return whether a field of a row is as a trace has it."""
    reported = trace.get(path)
    return reported is not None and (field == reported or field == [LOST, reported[1]])


def note_named(connection: Connection, import_id: UUID | None, stages: sql.Composable) -> None:
    """Note which users an import names, and when those that no import named were seen."""
    if import_id is not None:
        with by_index(connection):
            connection.execute(
                sql.SQL(NAMED).format(stages=stages), {"import_id": import_id, "others": OTHERS}
            )


def note_owned(connection: Connection, import_id: UUID | None, table: str, stage: Stage) -> None:
    """Note how rows are that belong to others, before the import stores the same."""
    _note_whole(connection, import_id, table, stage, OWNED)


def note_repeated(connection: Connection, import_id: UUID | None, table: str, stage: Stage) -> None:
    """Note how the import left these rows: they are its own when the others are undone."""
    _note_whole(connection, import_id, table, stage, REPEATED)


def _note_whole(
    connection: Connection, import_id: UUID | None, table: str, stage: Stage, statement: str
) -> None:
    if import_id is not None:
        composed = sql.SQL(statement).format(
            table=sql.Identifier(table), stage=sql.Identifier(stage.name)
        )
        connection.execute(composed, {"import_id": import_id, "kind": table, "others": OTHERS})
