"""Users whom an import has named or described: those of whom nothing else is left go, the others are as if it had not.

When a user was seen is taken from the rows that remain, and from what was known before the import. Feedback and memories make
no users, and keep none.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.database.staging import Connection, driver
from core.imports.undoing.three_way import USERS, Image
from core.imports.undoing.told_rows import Told, Trace

AT_ONCE = 2000
MANY_AT_ONCE = 20_000
TIMES = ("first_seen_at", "last_seen_at")
TOLD = Told("users", USERS)
NAMED = """exists (select from user_days where user_days.user_id = users.id)
    or exists (select from conversations where conversations.user_id = users.id)"""
# Most are these: the import has named them, and nobody else knows them.
LOCK_PLAIN = """
select users.id from import_traces join users on users.id = row_id
where (import_id, kind) = (%(import_id)s, 'users') and before is null and after is null
    and row_id > %(after)s order by row_id limit %(at_once)s for update of users"""
DELETE_PLAIN = f"""
with gone as (
    delete from users where id = any(%(ids)s) and told = '{{}}' and not ({NAMED}) returning id
)
delete from import_traces using gone where (import_id, kind) = (%(import_id)s, 'users') and row_id = gone.id"""  # noqa: S608
STILL = f"select id from users where id = any(%(ids)s) and ({NAMED})"  # noqa: S608
SEEN = """
select named.id, least(events.first, requests.first, spoken.first, began.first),
    greatest(events.last, requests.last, spoken.last, began.last)
from unnest(%(ids)s::uuid[]) as named (id)
left join lateral (select min(created_at) as first, max(created_at) as last from user_activity_events where user_id = named.id)
    as events on true
left join lateral (select min(created_at) as first, max(created_at) as last from ai_request_metrics where user_id = named.id)
    as requests on true
left join lateral (select min(created_at) as first, max(created_at) as last from conversations where user_id = named.id)
    as began on true
left join lateral (select min(m.created_at) as first, max(m.created_at) as last from conversations as c
    join messages as m on m.conversation_id = c.id where c.user_id = named.id) as spoken on true"""

Times = tuple[datetime | None, datetime | None]


def take_plain(session: Session, import_id: UUID, *, after: UUID) -> tuple[UUID | None, int]:
    """Take back some users whom nobody else knows; return the last that was looked at, None at the end, and how many are gone."""
    connection = driver(session)
    given: dict[str, Any] = {"import_id": import_id, "after": after, "at_once": MANY_AT_ONCE}
    ids = [id_ for (id_,) in connection.execute(LOCK_PLAIN, given)]
    if not ids:
        return None, 0
    return ids[-1], connection.execute(DELETE_PLAIN, {"import_id": import_id, "ids": ids}).rowcount


def take_some(session: Session, import_id: UUID) -> tuple[int, int]:
    """Take back some of the others; return how many were looked at, and how many are gone."""
    connection = driver(session)
    ids, traces = TOLD.some(connection, import_id, at_once=AT_ONCE)
    named = {id_ for (id_,) in connection.execute(STILL, {"ids": ids})}
    fields = {each.id: each.left(USERS) for each in traces}
    gone = {each.id for each in traces if each.before is None and each.id not in named and not fields[each.id]["told"]}
    TOLD.delete(connection, list(gone))
    seen = _seen(connection, [each.id for each in traces if each.id in named])
    rows = [_row(each, fields[each.id], seen.get(each.id, (None, None))) for each in traces if each.id not in gone]
    TOLD.write(connection, rows)
    firsts = {each.id: {name: each.before and each.before[name] for name in TIMES} for each in traces}
    TOLD.settle(connection, import_id, ids, traces, firsts)
    return len(ids), len(gone)


def _seen(connection: Connection, ids: list[UUID]) -> dict[UUID, Times]:
    return {id_: (first, last) for id_, first, last in connection.execute(SEEN, {"ids": ids})}


def _row(trace: Trace, fields: Image, seen: Times) -> Image:
    told = USERS.times_in(fields["told"])
    firsts, lasts = (_known(trace.before, name, at) + told for name, at in zip(TIMES, seen, strict=True))
    first = min(firsts).isoformat() if firsts else trace.present["first_seen_at"]
    last = max(lasts).isoformat() if lasts else trace.present["last_seen_at"]
    return {"id": trace.id, **fields, "first_seen_at": first, "last_seen_at": last}


def _known(before: Image | None, name: str, seen: datetime | None) -> list[datetime]:
    known = before[name] if before is not None else None
    return [each for each in (datetime.fromisoformat(known) if known else None, seen) if each is not None]
