"""The parts of the funnel without rows that were taken out: by the rows that remain, under a lock, for they are no sums.

A part that holds all of its marks loses those that no other row has at the very same moment. One whose marks were cut is made
anew from its rows; and so is a session's link when the event that made it is gone. What is older than the raw rows stays.
"""

from sqlalchemy.orm import Session

from core.activity import subjects
from core.database import settings
from core.database.settings import Sealed
from core.database.staging import Connection, Stage, driver, with_indexes

KEY = {"environment": "text", "app": "text", "part": "text"}
LINK = {"linked_at": "timestamptz", "linked_to": "text"}
GONE = Stage("gone_from_parts", KEY | LINK | {"marks": "bigint[]"})
RELINKED = Stage("relinked_parts", KEY | LINK)
REBUILT = Stage("rebuilt_parts", KEY | LINK | {"owner": "text", "marks": "bigint[]", "is_cut": "boolean", "had_marks": "boolean"})

# As ingest makes parts of what is new; but a mark stays when another row has it.
WITHIN = "e.created_at between %(since)s and %(latest)s"
SAME = WITHIN + " and (e.created_at, e.event_type, e.environment, e.app) = (f.created_at, f.event_type, f.environment, f.app)"
FIND_GONE = f"""
insert into gone_from_parts
select environment, app, part, min(linked_at),
    (array_agg(linked_to order by linked_at, linked_to) filter (where linked_at is not null))[1],
    coalesce(array_agg(distinct mark) filter (where mark is not null), '{{}}')
from (
    select environment, app, 'u:' || user_id as part, mark_of(code, created_at) as mark, null::timestamptz as linked_at,
        null::text as linked_to
    from fresh_events as f join funnel_events using (event_type)
    where user_id is not null and not exists (select from user_activity_events as e where e.user_id = f.user_id and {SAME})
    union all
    select environment, app, 's:' || session_id, mark_of(code, created_at), null, null
    from fresh_events as f join funnel_events using (event_type)
    where user_id is null and session_id is not null and not exists (
        select from user_activity_events as e where e.session_id = f.session_id and e.user_id is null and {SAME})
    union all
    select environment, app, 's:' || session_id, null, created_at, 'u:' || user_id
    from fresh_events where session_id is not null and user_id is not null
) as seen group by environment, app, part"""  # noqa: S608  our own
UNLINKED = """
select coalesce(array_agg(substr(p.part, 3)), '{}'), min(p.linked_at)
from gone_from_parts as gone join funnel_parts as p using (part, environment, app)
where (p.linked_at, p.linked_to) = (gone.linked_at, gone.linked_to)"""
# All sessions at once: looked up one by one in all partitions they would take ten times as long.
BOUNDS = "select min(created_at) as since, max(created_at) as latest from fresh_events"
RELINK = """
insert into relinked_parts
select distinct on (session_id, environment, app) environment, app, 's:' || session_id, created_at, 'u:' || user_id
from user_activity_events where session_id = any(%(sessions)s) and user_id is not null and created_at >= %(since)s
order by session_id, environment, app, created_at, 'u:' || user_id"""
OF_CUT = """
    select mark_of(code, created_at) as mark, false as is_old
    from user_activity_events as e join funnel_events using (event_type)
    where e.user_id = case when p.part like 'u:%%' then substr(p.part, 3)::uuid end
        and (e.environment, e.app) = (p.environment, p.app)
    union all
    select mark_of(code, created_at), false from user_activity_events as e join funnel_events using (event_type)
    where e.session_id = case when p.part like 's:%%' then substr(p.part, 3) end and e.user_id is null
        and (e.environment, e.app) = (p.environment, p.app)
    union all
    select each.mark, true from unnest(p.marks) as each (mark)
    where %(sealed)s::timestamptz is not null
        and from_micros(each.mark & 72057594037927935) < %(sealed)s::timestamptz"""
REBUILD = """
insert into rebuilt_parts
select p.environment, p.app, p.part,
    case when is_linked then p.linked_at else relinked.linked_at end,
    case when is_linked then p.linked_to else relinked.linked_to end, p.owner,
    array(select each.mark from unnest(p.marks) as each (mark) where each.mark <> all (gone.marks) order by 1), p.is_cut,
    cardinality(p.marks) > 0
from gone_from_parts as gone join funnel_parts as p using (part, environment, app)
left join relinked_parts as relinked using (part, environment, app)
cross join lateral (
    select (p.linked_at, p.linked_to) is distinct from (gone.linked_at, gone.linked_to) or p.linked_at is null as is_linked
) as doubt"""
CUT = "select from rebuilt_parts where is_cut limit 1"
REBUILD_CUT = f"""
update rebuilt_parts as p set marks = marks_kept(whole),
    is_cut = cardinality(whole) > 32 and marks_cut('{{}}', whole) or is_sealed
from (
    select environment, app, part, coalesce(whole, '{{}}') as whole, is_sealed from rebuilt_parts as p cross join lateral (
        select array_agg(distinct mark order by mark) as whole, coalesce(bool_or(is_old), false) as is_sealed
        from ({OF_CUT}) as every
    ) as anew where p.is_cut
) as fresh where (p.part, p.environment, p.app) = (fresh.part, fresh.environment, fresh.app)"""  # noqa: S608  our own
# A part without marks gives its subject none; that may be gone with it, all the same.
TOUCHED = """
insert into touched_subjects
select environment, app, owner from rebuilt_parts where had_marks
union
select environment, app, coalesce(linked_to, part) from rebuilt_parts
where coalesce(linked_to, part) <> owner and (linked_to is not null or cardinality(marks) > 0)"""
BEREFT = "insert into touched_subjects select distinct environment, app, owner from rebuilt_parts where not had_marks"
KEEP = """
update funnel_parts set linked_at = fresh.linked_at, linked_to = fresh.linked_to, owner = coalesce(fresh.linked_to, fresh.part),
    former_owner = null, marks = fresh.marks, is_cut = fresh.is_cut
from rebuilt_parts as fresh
where (funnel_parts.part, funnel_parts.environment, funnel_parts.app) = (fresh.part, fresh.environment, fresh.app)
    and (fresh.linked_at is not null or cardinality(fresh.marks) > 0)"""
DROP = """
delete from funnel_parts using rebuilt_parts as fresh
where (funnel_parts.part, funnel_parts.environment, funnel_parts.app) = (fresh.part, fresh.environment, fresh.app)
    and fresh.linked_at is null and cardinality(fresh.marks) = 0"""


def rebuild(session: Session) -> None:
    """Make the parts anew to which the events in `fresh_events` belonged, and the subjects of these parts."""
    connection = driver(session)
    sealed = settings.read(session, Sealed).user_activity_events
    for stage in (GONE, RELINKED, REBUILT, subjects.TOUCHED):
        stage.make(connection)
    # Whoever stores events waits here until we are done: what he adds to a part must not come between reading and writing it.
    connection.execute("lock table funnel_parts in share row exclusive mode")
    since, latest = connection.execute(BOUNDS).fetchone() or (None, None)
    _fill(connection, GONE, FIND_GONE, {"since": since, "latest": latest})
    _relink(connection)
    _fill(connection, REBUILT, REBUILD, {})
    if connection.execute(CUT).fetchone() is not None:
        with_indexes(connection, REBUILD_CUT, {"sealed": sealed})
    for statement in (TOUCHED, KEEP, DROP):
        with_indexes(connection, statement, {})
    subjects.derive(connection)
    connection.execute(BEREFT)
    for statement in (subjects.WITHOUT_PARTS, subjects.WITHOUT_APPS):
        with_indexes(connection, statement, {})


def _relink(connection: Connection) -> None:
    """Find the earliest named event, of those that remain, of each session that has lost its link."""
    sessions, since = connection.execute(UNLINKED).fetchone() or ([], None)
    if sessions:
        _fill(connection, RELINKED, RELINK, {"sessions": sessions, "since": since})


def _fill(connection: Connection, stage: Stage, statement: str, given: dict[str, object]) -> None:
    connection.execute(statement.encode(), given)
    connection.execute(f"analyze {stage.name}".encode())
