"""The parts of the funnel without rows that were taken out: by the rows that remain, under a lock, for they are no sums.

A part that holds all of its marks loses those that no other row has at the very same moment. One whose marks were cut is made
anew from its rows; and so is a session's link when the event that made it is gone. What is older than the raw rows stays.
"""

from sqlalchemy.orm import Session

from core import settings
from core.activity import ingest
from core.imports.undoing.user_days import with_indexes
from core.settings import Sealed
from core.staging import Stage, driver

REBUILT = Stage(
    "rebuilt_parts",
    {
        "environment": "text",
        "app": "text",
        "part": "text",
        "owner": "text",
        "linked_at": "timestamptz",
        "linked_to": "text",
        "marks": "bigint[]",
        "is_cut": "boolean",
    },
)
# As ingest makes parts of what is new.
GONE = """
select environment, app, part, min(linked_at) as linked_at,
    (array_agg(linked_to order by linked_at, linked_to) filter (where linked_at is not null))[1] as linked_to,
    coalesce(array_agg(distinct mark) filter (where mark is not null), '{}') as marks
from (
    select environment, app, case when user_id is not null then 'u:' || user_id else 's:' || session_id end as part,
        mark_of(code, created_at) as mark, null::timestamptz as linked_at, null::text as linked_to
    from fresh_events join funnel_events using (event_type) where user_id is not null or session_id is not null
    union all
    select environment, app, 's:' || session_id, null, created_at, 'u:' || user_id
    from fresh_events where session_id is not null and user_id is not null
) as seen group by environment, app, part"""
OF_PART = """(
    select mark_of(code, created_at) as mark from user_activity_events as e join funnel_events using (event_type)
    where e.user_id = case when p.part like 'u:%%' then substr(p.part, 3)::uuid end
        and (e.environment, e.app) = (p.environment, p.app) {within}
    union all
    select mark_of(code, created_at) from user_activity_events as e join funnel_events using (event_type)
    where e.session_id = case when p.part like 's:%%' then substr(p.part, 3) end and e.user_id is null
        and (e.environment, e.app) = (p.environment, p.app) {within}
) as rows"""
TIME = "from_micros(each.mark & 72057594037927935)"
WITHIN = f"and e.created_at = {TIME}"
REBUILD = f"""
insert into rebuilt_parts
select p.environment, p.app, p.part, p.owner,
    case when is_unlinked then link.at else p.linked_at end, case when is_unlinked then link.named else p.linked_to end,
    case when p.is_cut then marks_kept(whole) else kept end,
    p.is_cut and (cardinality(whole) > 16 and marks_cut('{{}}', whole) or is_sealed)
from ({GONE.replace("%", "%%")}) as gone join funnel_parts as p using (part, environment, app)
cross join lateral (
    select coalesce(gone.linked_at = p.linked_at and gone.linked_to = p.linked_to, false) as is_unlinked
) as doubts
left join lateral (
    select e.created_at as at, 'u:' || e.user_id as named from user_activity_events as e
    where is_unlinked and e.session_id = substr(p.part, 3) and e.user_id is not null
        and (e.environment, e.app) = (p.environment, p.app) and e.created_at >= p.linked_at
    order by 1, 2 limit 1
) as link on true
left join lateral (
    select coalesce(array_agg(each.mark order by each.mark), '{{}}') as kept from unnest(p.marks) as each (mark)
    where each.mark <> all (gone.marks)
        or exists (select from {OF_PART.format(within=WITHIN)} where rows.mark = each.mark)
) as held on not p.is_cut
left join lateral (
    select coalesce(array_agg(distinct mark order by mark), '{{}}') as whole, coalesce(bool_or(is_old), false) as is_sealed
    from (
        select rows.mark, false as is_old from {OF_PART.format(within="")}
        union all
        select each.mark, true from unnest(p.marks) as each (mark)
        where {TIME} < %(sealed)s::timestamptz and each.mark <> all (gone.marks)
    ) as every
) as anew on p.is_cut"""  # noqa: S608  our own
TOUCHED = """
insert into touched_subjects
select environment, app, owner, true from rebuilt_parts
union all
select environment, app, linked_to, false from rebuilt_parts where linked_to is not null and linked_to <> owner
union all
select environment, app, part, false from rebuilt_parts where linked_to is null and cardinality(marks) > 0 and part <> owner"""
KEEP = """
update funnel_parts set linked_at = fresh.linked_at, linked_to = fresh.linked_to, owner = coalesce(fresh.linked_to, fresh.part),
    former_owner = null, marks = fresh.marks, is_cut = fresh.is_cut
from rebuilt_parts as fresh
where (funnel_parts.part, funnel_parts.environment, funnel_parts.app) = (fresh.part, fresh.environment, fresh.app)"""
DROP = """
delete from funnel_parts using rebuilt_parts as fresh
where (funnel_parts.part, funnel_parts.environment, funnel_parts.app) = (fresh.part, fresh.environment, fresh.app)
    and fresh.linked_at is null and cardinality(fresh.marks) = 0"""


def rebuild(session: Session) -> None:
    """Make the parts anew to which the events in `fresh_events` belonged, and the subjects of these parts."""
    connection = driver(session)
    sealed = settings.read(session, Sealed).user_activity_events
    for stage in (REBUILT, ingest.TOUCHED):
        stage.make(connection)
    # Whoever stores events waits here until we are done: what he adds to a part must not come between reading and writing it.
    connection.execute("lock table funnel_parts in share row exclusive mode")
    with_indexes(connection, REBUILD, {"sealed": sealed})
    connection.execute("analyze rebuilt_parts")
    for statement in (TOUCHED, KEEP, DROP):
        with_indexes(connection, statement, {})
    ingest.derive_subjects(connection)
