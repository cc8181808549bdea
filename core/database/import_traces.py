"""What an import leaves behind for its undo (docs/decisions/0017).

The stores call these functions; where rows come from no import they do nothing. Of one row there are as many traces as somebody
else has told of it in between.
"""

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

import msgspec

from core.database.newest_values import KnownFields, Version
from core.database.staging import Connection, Stage, with_indexes

BEFORE = """
insert into import_traces (import_id, kind, row_id, before)
select %(import_id)s, %(kind)s, present.id, case when present.id <> all(%(made)s) then to_jsonb(present) end
from {table} as present where present.id = any(%(ids)s) and not coalesce((
    select after = to_jsonb(present) from import_traces as trace
    where (trace.import_id, kind) = (%(import_id)s, %(kind)s) and row_id = present.id order by number desc limit 1), false)
order by present.id"""
AFTER = """
update import_traces as trace set after = to_jsonb(present)
from {table} as present, (
    select row_id, max(number) as number from import_traces
    where (import_id, kind) = (%(import_id)s, %(kind)s) and row_id = any(%(ids)s) group by row_id
) as latest
where latest.row_id = present.id
    and (trace.import_id, kind, trace.row_id, trace.number) = (%(import_id)s, %(kind)s, latest.row_id, latest.number)"""
SHADOWED = """
update import_traces as trace
set shadowed = coalesce(shadowed, '[]') || jsonb_strip_nulls(to_jsonb(jsonb_populate_record(null::{table}, said.row)))
from jsonb_to_recordset(%(said)s::jsonb) as said (id uuid, row jsonb)
where (trace.import_id, trace.kind, trace.row_id) = (%(import_id)s, %(kind)s, said.id) and trace.number = (
    select max(latest.number) from import_traces as latest
    where (latest.import_id, latest.kind, latest.row_id) = (%(import_id)s, %(kind)s, said.id))"""
# Without `search`, which Postgres makes anew of the other columns.
TAKEN_OVER = """
insert into import_traces (import_id, kind, row_id, before)
select distinct on (present.id) %(import_id)s::uuid, %(kind)s, present.id, to_jsonb(present) - 'search'
from {table} as present join {stage} as staged using (id)
where present.import_id is distinct from %(import_id)s order by present.id"""
NAMED = """
insert into import_traces (import_id, kind, row_id, before)
select %(import_id)s, 'users', user_id, to_jsonb(present)
from (select distinct user_id from ({rows}) as seen where user_id is not null) as named
left join users as present on present.id = user_id
where not exists (select from import_traces as trace
    where (trace.import_id, trace.kind, trace.row_id) = (%(import_id)s, 'users', user_id))
order by user_id"""


def before(connection: Connection, import_id: UUID | None, table: str, ids: Collection[UUID], *, made: Collection[UUID]) -> None:
    """Note how rows are that are about to be merged with what the import says; those that it has just made are nothing yet."""
    if import_id is not None:
        given = {"import_id": import_id, "kind": table, "ids": list(ids), "made": list(made)}
        connection.execute(BEFORE.format(table=table).encode(), given)


def after(connection: Connection, import_id: UUID | None, table: str, ids: Collection[UUID]) -> None:
    """Note how the import leaves these rows."""
    if import_id is not None:
        connection.execute(AFTER.format(table=table).encode(), {"import_id": import_id, "kind": table, "ids": list(ids)})


class Shadowed:
    """What an import says of rows that hold the same, or something newer, already: their undo uncovers it."""

    def __init__(self, import_id: UUID | None, made: Collection[UUID]) -> None:
        """Collect what the rows of one batch say; of no import, nothing, and nothing of rows that the batch has `made`."""
        self._import_id, self._made = import_id, frozenset(made)
        self._said: dict[UUID, KnownFields] = {}

    def note(self, id_: UUID, known: KnownFields, given: dict[str, Any], version: Version) -> None:
        """Note what `known` would not learn from a row."""
        if self._import_id is not None and id_ not in self._made and (hidden := known.unmoved_by(given, version)):
            self._said.setdefault(id_, KnownFields({}, {})).learn(hidden, version)

    def store(self, connection: Connection, table: str, *, columns: Callable[[dict[str, Any]], dict[str, Any]] = dict) -> None:
        """Store what was noted, after `after`; `columns` makes columns of the fields."""
        if self._said:
            said = [{"id": id_, "row": {**columns(each.values), "told": each.told}} for id_, each in self._said.items()]
            given: dict[str, object] = {"import_id": self._import_id, "kind": table, "said": msgspec.json.encode(said).decode()}
            with_indexes(connection, SHADOWED.format(table=table), given)


def taken_over(connection: Connection, import_id: UUID | None, table: str, stage: Stage) -> None:
    """Note how others' rows are that the import may replace: whole rows, that belong to whoever has changed them last."""
    if import_id is not None:
        statement = TAKEN_OVER.format(table=table, stage=stage.name)
        connection.execute(statement.encode(), {"import_id": import_id, "kind": table})


def named(connection: Connection, import_id: UUID | None, rows: str) -> None:
    """Note how the users are that rows name, before they are made or seen."""
    if import_id is not None:
        connection.execute(NAMED.format(rows=rows).encode(), {"import_id": import_id})
