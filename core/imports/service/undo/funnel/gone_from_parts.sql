-- As ingest makes parts of what is new; but a mark stays when another event has it.
insert into gone_from_parts
with remaining_events as materialized (
    select user_subject(user_id) as part, created_at, event_type, environment, app, release
    from user_activity_events
    where created_at between :since and :until and user_id = any(cast(:users as uuid[]))
    union all
    select session_subject(session_id), created_at, event_type, environment, app, release
    from user_activity_events
    where created_at between :since and :until and user_id is null
        and session_id = any(cast(:sessions as text[]))
),
remaining as materialized (
    select part, created_at, event_type, place as environment, app
    from remaining_events cross join lateral places_of(environment, release) as place
),
gone_events as materialized (
    select user_id, session_id, created_at, event_type, place as environment, app
    from fresh_events cross join lateral places_of(environment, release) as place
),
removed as (
    select coalesce(user_subject(user_id), session_subject(session_id)) as part, created_at,
        event_type, environment, app
    from gone_events where coalesce(cast(user_id as text), session_id) is not null
),
gone as (
    select environment, app, part, mark_of(code, created_at) as mark,
        null::timestamptz as linked_at, null::text as linked_to
    from removed join funnel_events using (event_type)
    where not exists (select from remaining as other
        where (other.part, other.created_at, other.event_type, other.environment, other.app)
            = (removed.part, removed.created_at, removed.event_type, removed.environment,
                removed.app))
    union all
    select environment, app, session_subject(session_id), null, created_at, user_subject(user_id)
    from gone_events where session_id is not null and user_id is not null
)
select environment, app, part, min(linked_at),
    (array_agg(linked_to order by linked_at, linked_to) filter (where linked_at is not null))[1],
    coalesce(array_agg(distinct mark) filter (where mark is not null), '{}')
from gone group by environment, app, part
