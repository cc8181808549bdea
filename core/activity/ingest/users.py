"""Users as the product describes them; each field has its newest value in any order of arrival."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from psycopg import sql
from sqlalchemy.orm import Session

from core.activity.schemas import NewUser
from core.database.db import check_locked
from core.database.field_versions import VersionedFields, name_by, version_of
from core.database.import_traces import Traces, note_named
from core.database.staging import Connection, Stage, driver
from core.ingest.rows import RowSource, as_jsonb, key_of
from core.platform import clock

DESCRIBED = Stage(
    "described_users", {"id": "uuid", "external_id": "text", "seen_at": "timestamptz"}
)
LEARNED = Stage(
    "learned_users",
    {"id": "uuid", "email": "text", "display_name": "text", "traits": "text", "told": "text"},
)
SEEN_AT = "seen_at"
NAMED = sql.SQL("(select id as user_id from described_users) as described")
FIELDS = ("email", "display_name", "traits")

# A row that tells no time of its own does not say when the user was seen. Until something does, it
# is when the user was made: the time of `created_at`, which no other row has.
MAKE = """
insert into users as present (id, external_id, first_seen_at, last_seen_at)
select id, min(external_id), coalesce(min(seen_at), now()), coalesce(max(seen_at), now())
from described_users group by id order by id
on conflict (id) do nothing returning id"""
SEEN = """
update users set first_seen_at = least(nullif(first_seen_at, created_at), first_at),
    last_seen_at = greatest(nullif(last_seen_at, created_at), last_at)
from (select id, min(seen_at) as first_at, max(seen_at) as last_at from described_users
    where seen_at is not null group by id) as seen
where seen.id = users.id
    and (first_at < first_seen_at or last_at > last_seen_at or last_seen_at = created_at)"""
LOCK = """
select id, told, email, display_name, traits from users where id = any(%(ids)s) order by id
    for update"""
LEARN = """
update users set email = learned.email, display_name = learned.display_name,
    traits = learned.traits::jsonb,
    told = learned.told::jsonb
from learned_users as learned where learned.id = users.id"""


def store(session: Session, users: list[NewUser], source: RowSource) -> int:
    """Store users; return the number of rows with new information."""
    users = source.cleaned(users)
    connection = driver(session)
    DESCRIBED.copy(
        connection, ((key_of("user", each.id), each.id, each.created_at) for each in users)
    )
    note_named(connection, source.import_id, NAMED)
    made = {id_ for (id_,) in connection.execute(MAKE)}
    ids = {key_of("user", user.id) for user in users}
    known = lock(connection, ids)
    check_locked(ids, known.keys())
    traces = Traces(connection, source.import_id, "users")
    traces.begin(known, made=made)
    connection.execute(SEEN)
    news = _learn(known, users, made, name_by(SEEN_AT, source.import_id), traces)
    for each in known.values():
        each.drop_excess()
    LEARNED.copy(connection, (_learned(id_, each) for id_, each in known.items()))
    connection.execute(LEARN)
    traces.keep(known)
    return news


def lock(connection: Connection, ids: Collection[UUID]) -> dict[UUID, VersionedFields]:
    """Return the stored fields of users, locked in order."""
    rows = connection.execute(LOCK, {"ids": list(ids)})
    return {
        id_: VersionedFields(dict(zip(FIELDS, values, strict=True)), told)
        for id_, told, *values in rows
    }


def _learn(
    known: dict[UUID, VersionedFields],
    users: list[NewUser],
    made: set[UUID],
    seen_at: str,
    traces: Traces,
) -> int:
    news, now = 0, clock.now()
    for user in users:
        id_ = key_of("user", user.id)
        fields, version = _fields(user), version_of(user.updated_at or user.created_at or now)
        traces.note(id_, fields, version)
        if known[id_].merge(fields, version) or id_ in made:
            news += 1
            made.discard(id_)  # a new user is news once, however often the batch names it
        if user.created_at is not None:
            known[id_].note_span(seen_at, version_of(user.created_at))
    return news


def _fields(user: NewUser) -> dict[str, Any]:
    return {
        "email": user.email,
        "display_name": user.display_name,
        "traits": {**(user.traits or {}), **(user.extra or {})},
    }


def _learned(id_: UUID, known: VersionedFields) -> tuple[object, ...]:
    values, told = known.values, known.versions
    return (
        id_,
        values["email"],
        values["display_name"],
        as_jsonb(values["traits"]) or "{}",
        as_jsonb(told) or "{}",
    )
