-- Give a code to event types that were received without: their earlier events, from the first raw row on, get their marks later.
with kept as (
    -- The end is exclusive: it is later than the last row.
    select min(created_at) as since, greatest(max(created_at), now()) + interval '1 second' as until
    from user_activity_events
)
insert into funnel_events (event_type, code, coded_at, marked_since, kept_since)
select event_type, (select max(code) from funnel_events) + row_number() over (order by event_type),
    now(), case when since is not null then until end, since
from event_types cross join kept
where event_type = any(cast(:types as text[]))
    and event_type not in (select event_type from funnel_events)
