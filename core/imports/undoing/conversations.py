"""Conversations of an import, with their messages: what others have said in them, or told of them, stays."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from core.conversations import messages
from core.database.staging import Connection, driver
from core.imports.undoing import user_days
from core.imports.undoing.three_way import CONVERSATIONS, Image
from core.imports.undoing.told_rows import Told, Trace
from core.imports.undoing.whole_rows import MESSAGES

AT_ONCE = 500
TOLD = Told("conversations", CONVERSATIONS)
FIRSTS = ("source", "import_id", "created_at")
OF_IMPORT = """
select id from messages where conversation_id = any(%(ids)s) and import_id = %(import_id)s
union
select row_id from import_traces join messages on messages.id = row_id
where kind = 'messages' and conversation_id = any(%(ids)s)
    and (import_traces.import_id = %(import_id)s or before ->> 'import_id' = %(import_id)s::text)"""
LEFT = """
select conversation_id, min(created_at), max(created_at) from messages where conversation_id = any(%(ids)s)
group by conversation_id"""
COUNT = f"""
update conversations set {messages.COUNTS}, last_message_at = coalesce(last_at, created_at)
from unnest(%(touched)s::uuid[]) as touched (id) left join ({messages.COUNTED}) as counted on counted.conversation_id = touched.id
where touched.id = conversations.id"""  # noqa: S608  names of our own

# Whoever told of it later may have found its beginning on a day that was noted already.
NOTE_DAYS = """
insert into user_days (day, environment, app, user_id, import_id)
select distinct on (1, 2, 3, 4) (created_at at time zone %(zone)s)::date, environment, app, user_id, import_id
from conversations where id = any(%(ids)s) and user_id is not null order by 1, 2, 3, 4, import_id nulls first
on conflict do nothing"""


class Left(NamedTuple):
    """When the first and the last of the messages that remain were said."""

    first: datetime
    last: datetime


def take_some(session: Session, import_id: UUID, *, zone: str) -> tuple[int, int, int]:
    """Take some conversations back; return how many were looked at, and how many of them and of their messages are gone."""
    connection = driver(session)
    ids, traces = TOLD.some(connection, import_id, at_once=AT_ONCE)
    spoken = [id_ for (id_,) in connection.execute(OF_IMPORT, {"ids": ids, "import_id": import_id})]
    messages_gone = MESSAGES.take(session, import_id, spoken)
    left = {id_: Left(*times) for id_, *times in connection.execute(LEFT, {"ids": ids})}
    firsts = _firsts(traces, TOLD.owners(connection, import_id, traces))
    without = {each.id: _row(each, firsts[each.id], left.get(each.id)) for each in traces}
    gone = {each.id for each in traces if each.before is None and each.id not in left and not without[each.id]["told"]}
    TOLD.delete(connection, list(gone))
    rows = [row for id_, row in without.items() if id_ not in gone]
    TOLD.write(connection, rows)
    _count(connection, [row["id"] for row in rows])
    connection.execute(NOTE_DAYS, {"ids": [row["id"] for row in rows], "zone": zone})
    TOLD.settle(connection, import_id, ids, traces, firsts)
    user_days.forget_of(connection, import_id, _users(traces, rows), zone)
    return len(ids), len(gone), messages_gone


def _firsts(traces: list[Trace], owners: dict[UUID, str | None]) -> dict[UUID, Image]:
    """Return what the first to come has set; when a conversation began that the import has made, others have told."""
    made = {
        id_: {"import_id": owner, "source": "import" if owner else "api", "created_at": None} for id_, owner in owners.items()
    }
    return made | {each.id: {name: each.before[name] for name in FIRSTS} for each in traces if each.before is not None}


def _row(trace: Trace, firsts: Image, left: Left | None) -> Image:
    fields = trace.left(CONVERSATIONS)
    known = CONVERSATIONS.times_in(fields["told"]) + ([left.first] if left is not None else [])
    known += [datetime.fromisoformat(began)] if (began := firsts["created_at"]) else []
    began = min(known).isoformat() if known else trace.present["created_at"]
    return {"id": trace.id, **fields, **firsts, "created_at": began}


def _count(connection: Connection, ids: list[UUID]) -> None:
    for statement in (messages.ORDER, COUNT):
        connection.execute(statement.encode(), {"touched": ids})


def _users(traces: list[Trace], rows: list[Image]) -> list[UUID]:
    found = {each.present["user_id"] for each in traces} | {row["user_id"] for row in rows}
    return [UUID(id_) for id_ in sorted(found - {None})]
