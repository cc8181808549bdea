"""What an import leaves behind for its undo, beside rows that others may have told of, too (docs/decisions/0016).

The stores call these functions; where rows come from no import they do nothing. Of one row there are as many traces as somebody
else has told of it in between.
"""

from collections.abc import Collection
from uuid import UUID

from core.staging import Connection, Stage

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


def taken_over(connection: Connection, import_id: UUID | None, table: str, stage: Stage) -> None:
    """Note how others' rows are that the import may replace: whole rows, that belong to whoever has changed them last."""
    if import_id is not None:
        statement = TAKEN_OVER.format(table=table, stage=stage.name)
        connection.execute(statement.encode(), {"import_id": import_id, "kind": table})


def named(connection: Connection, import_id: UUID | None, rows: str) -> None:
    """Note how the users are that rows name, before they are made or seen."""
    if import_id is not None:
        connection.execute(NAMED.format(rows=rows).encode(), {"import_id": import_id})
