insert into rebuilt_parts
-- The earliest named event, of those that remain, of each session that has lost its link. All
-- sessions at once: looked up one by one in all partitions they would take ten times as long.
with named_events as materialized (
    select session_subject(session_id) as part, environment, app, release, created_at as linked_at,
        user_subject(user_id) as linked_to
    from user_activity_events where session_id = any(cast(:sessions as text[]))
        and user_id is not null and created_at >= cast(:since as timestamptz)
),
relinked as materialized (
    select distinct on (part, place, app) place as environment, app, part, linked_at, linked_to
    from named_events cross join lateral places_of(environment, release) as place
    order by part, place, app, linked_at, linked_to
)
select p.environment, p.app, p.part,
    case when is_linked then p.linked_at else relinked.linked_at end,
    case when is_linked then p.linked_to else relinked.linked_to end, p.owner,
    array(select mark from unnest(p.marks) as mark where mark <> all (gone.marks)
        order by 1), p.is_cut, cardinality(p.marks) > 0
from gone_from_parts as gone join funnel_parts as p using (part, environment, app)
left join relinked using (part, environment, app)
cross join lateral (
    select (p.linked_at, p.linked_to) is distinct from (gone.linked_at, gone.linked_to)
        or p.linked_at is null as is_linked
) as link
