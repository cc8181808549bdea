"""Store events and everything derived from them, in one transaction.

The order of arrival changes nothing, and what is sent twice counts once: docs/decisions/0009 says how, and why in these steps.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.activity import subjects
from core.activity.queries.releases import note_releases
from core.activity.schemas import NewEvent
from core.database import import_traces
from core.database.staging import Connection, Stage, driver
from core.ingest.intake import RowSource, all_new, as_jsonb, keys_of, staged_key
from core.platform import clock
from core.platform.ids import new_id

EVENTS = Stage(
    "staged_events",
    {
        "id": "uuid",
        "created_at": "timestamptz",
        "external_id": "text",
        "user_id": "uuid",
        "user_name": "text",
        "session_id": "text",
        "event_type": "text",
        "event_category": "text",
        "event_data": "text",
        "error_code": "text",
        "error_message": "text",
        "ip_address": "text",
        "user_agent": "text",
        "environment": "text",
        "app": "text",
        "release": "text",
        "import_id": "uuid",
    },
)
FRESH = "fresh_events"  # what was stored of a batch, as statements name it

COLUMNS = """id, created_at, external_id, user_id, session_id, event_type, event_category, event_data, error_code, error_message,
    ip_address, user_agent, environment, app, release, import_id"""
TAKEN = COLUMNS.replace("event_data", "event_data::jsonb")
SHOWN = "created_at, user_id, session_id, event_type, error_code is not null as is_error, environment, app"
# In order of time: rows of one partition after another. Of rows none of which is known, none need be looked for.
INSERT = f"""
insert into user_activity_events ({COLUMNS})
select distinct on (created_at, id) {TAKEN} from staged_events order by created_at, id
on conflict do nothing returning {SHOWN}"""  # noqa: S608  names of our own
INSERT_NEW = f"""
insert into user_activity_events ({COLUMNS})
select {TAKEN} from staged_events order by created_at, id returning {SHOWN}"""  # noqa: S608  names of our own

# Idempotent, so that it may take what was sent before, too.
USERS = """
insert into users (id, external_id, first_seen_at, last_seen_at)
select user_id, min(user_name), min(created_at), max(created_at) from {stage} where user_id is not null
group by user_id order by user_id
on conflict (id) do update set first_seen_at = least(users.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(users.last_seen_at, excluded.last_seen_at)
where excluded.first_seen_at < users.first_seen_at or excluded.last_seen_at > users.last_seen_at"""

# Most users were there before on their day: looking that up is a third cheaper than an insert that comes to nothing. Whoever
# takes days away locks the table, and so waits for us, or we for him, before we look.
USER_DAYS = """
insert into user_days (day, environment, app, user_id, import_id)
select day, environment, app, user_id, %(import_id)s::uuid
from (select distinct (created_at at time zone %(zone)s)::date as day, environment, app, user_id
    from {stage} where user_id is not null) as seen
left join lateral (select true as is_known from user_days as known
    where (known.day, known.environment, known.app, known.user_id) = (seen.day, seen.environment, seen.app, seen.user_id)
    offset 0) as known on true
where is_known is null
order by 1, 2, 3, 4 on conflict do nothing"""

DELTAS = """
insert into event_deltas (at, environment, app, event_type, events, errors)
select date_bin('30 minutes', created_at, timestamptz '2000-01-01 00:00:00+00') as at, environment, app, event_type,
    count(*), count(*) filter (where is_error)
from fresh_events group by 1, 2, 3, 4"""

# A named event is the user's; one without a name is its session's, and a session's owner is the user of its earliest named event.
SEEN = """
seen as (
    select environment, app, case when user_id is not null then 'u:' || user_id else 's:' || session_id end as part,
        mark_of(code, created_at) as mark, null::timestamptz as linked_at, null::text as linked_to
    from fresh_events join funnel_events using (event_type) where user_id is not null or session_id is not null
    union all
    select environment, app, 's:' || session_id, null, created_at, 'u:' || user_id
    from fresh_events where session_id is not null and user_id is not null
),
parts as (
    select environment, app, part, min(linked_at) as linked_at,
        (array_agg(linked_to order by linked_at, linked_to) filter (where linked_at is not null))[1] as linked_to,
        coalesce(array_agg(distinct mark order by mark) filter (where mark is not null), '{}') as marks
    from seen group by environment, app, part
)"""
# A part that holds all of it already stays as it is, unlocked: it only grows, for whoever takes something back waits for us.
PARTS = """
insert into funnel_parts as present (environment, app, part, linked_at, linked_to, owner, marks, is_cut)
select environment, app, part, linked_at, linked_to, coalesce(linked_to, part),
    case when cardinality(marks) <= 32 then marks else marks_kept(marks) end,
    cardinality(marks) > 32 and marks_cut('{}', marks)
from parts
where not coalesce((
    select known.marks @> parts.marks and (known.is_cut or cardinality(parts.marks) <= 32)
        and (parts.linked_at is null or (known.linked_at, known.linked_to) <= (parts.linked_at, parts.linked_to))
    from funnel_parts as known where (known.part, known.environment, known.app) = (parts.part, parts.environment, parts.app)
), false)
order by part, environment, app
on conflict (environment, app, part) do update set
    former_owner = case when {is_earlier} and excluded.linked_to <> present.owner then present.owner end,
    linked_at = case when {is_earlier} then excluded.linked_at else present.linked_at end,
    linked_to = case when {is_earlier} then excluded.linked_to else present.linked_to end,
    owner = case when {is_earlier} then excluded.linked_to else present.owner end,
    marks = marks_merged(present.marks, excluded.marks),
    is_cut = present.is_cut or excluded.is_cut
        or cardinality(present.marks) + cardinality(excluded.marks) > 32 and marks_cut(present.marks, excluded.marks)
where {is_earlier} or not present.marks @> excluded.marks or excluded.is_cut and not present.is_cut
returning environment, app, part, owner, former_owner, marks, is_cut""".replace(
    "{is_earlier}",
    "(excluded.linked_at is not null and (present.linked_at is null"
    " or (excluded.linked_at, excluded.linked_to) < (present.linked_at, present.linked_to)))",
)

# The days of users come last, after all subjects: batches at the same time have users in common, and wait for each other from
# there to the commit.
BEFORE = "select count(*) from grown"


def _statement(insert: str) -> bytes:
    return f"""
with {FRESH} as ({insert}), deltas as ({DELTAS}), {SEEN}, kept as ({PARTS}), apps as ({subjects.note_apps(FRESH)}),
grown as ({subjects.GROWN}), days as ({USER_DAYS.replace("{stage}", f"{FRESH} cross join ({BEFORE}) as before")})
select (select count(*) from {FRESH}), ({subjects.BEREFT}), ({subjects.SPREAD})""".encode()  # noqa: S608  names of our own


STORE, STORE_NEW = _statement(INSERT), _statement(INSERT_NEW)

# What a row has under the name of its column.
AS_SENT = ("session_id", "event_type", "error_code", "error_message", "ip_address", "user_agent")


def store(session: Session, events: list[NewEvent], source: RowSource) -> int:
    """Store events and what is derived from them; return how many of them are new.

    Their partitions must be there (core/database/partitions.py).
    """
    return _store(session, events, source, STORE)


def store_new(session: Session, events: list[NewEvent], source: RowSource) -> int:
    """Store events each of which is new; raise NotAllNew when one is not, and nothing is stored."""
    with all_new():
        return _store(session, events, source, STORE_NEW)


def _store(session: Session, events: list[NewEvent], source: RowSource, statement: bytes) -> int:
    events = source.cleaned(events)
    connection = driver(session)
    EVENTS.copy_columns(connection, _columns(events, source))
    with subjects.alone():
        added, bereft, spread = connection.execute(statement, source.days).fetchone() or (0, None, None)
        subjects.follow(connection, bereft or [], spread or [])
    if any(event.release for event in events):
        note_releases(connection, EVENTS)
    note_users(connection, EVENTS, import_id=source.import_id)
    return int(added)


def note_users(connection: Connection, named: Stage, others: Stage | None = None, *, import_id: UUID | None) -> None:
    """Make and update the users that `named` and `others` name, in one order.

    To be called last: batches at the same time have users in common, and wait for each other from here to the commit.
    """
    stages = [stage.name for stage in (named, others) if stage is not None]
    rows = " union all ".join(f"select user_id, user_name, created_at from {name}" for name in stages)  # noqa: S608  our own names
    import_traces.named(connection, import_id, rows)
    connection.execute(USERS.replace("{stage}", f"({rows}) as seen").encode())


def note_days(connection: Connection, stages: Sequence[Stage], source: RowSource) -> None:
    """Note on which days the users were there whom these name, in one order, and late, as with note_users."""
    rows = " union all ".join(f"select created_at, environment, app, user_id from {stage.name}" for stage in stages)  # noqa: S608
    connection.execute(USER_DAYS.replace("{stage}", f"({rows}) as named").encode(), source.days)


def derive_parts(connection: Connection) -> None:
    """Add what is fresh to the parts of its sessions and users, and leave the subjects as they are."""
    connection.execute(f"with {SEEN} {PARTS}".encode())


def _columns(events: list[NewEvent], source: RowSource) -> dict[str, list[Any]]:
    """Return the columns of the staging table; what is left out is the same for all, and null."""
    now = clock.now()
    return {
        "id": [staged_key("event", each.id) if each.id is not None else new_id() for each in events],
        "created_at": [each.created_at or now for each in events],
        "external_id": [each.id for each in events],
        "user_id": keys_of("user", names := [each.user_id for each in events]),
        "user_name": names,
        "event_category": [each.event_category or each.event_type.partition(".")[0] for each in events],
        "event_data": [_data(each) for each in events],
        "environment": [each.environment or source.environment for each in events],
        "app": [each.app or "" for each in events],
        "release": [each.release or "" for each in events],
        "import_id": [source.import_id] * len(events),
        **{name: list(map(attrgetter(name), events)) for name in AS_SENT},
    }


def _data(event: NewEvent) -> str | None:
    return as_jsonb({**(event.event_data or {}), **event.extra} if event.extra else event.event_data)
