-- Register event types, and give the first of them a code: of a type that has not been sent before, every event gets its mark.
with room as (select count(*) as used from event_types),
new as (
    select event_type from unnest(cast(:types as text[])) as event_type
    where event_type not in (select event_type from event_types) order by event_type
    limit greatest((select :most_types - used from room), 0)
),
registered as (
    insert into event_types (event_type, first_seen_at) select event_type, now() from new
    returning event_type
)
insert into funnel_events (event_type, code)
select event_type, code from (
    select event_type, (select max(code) from funnel_events)
        + row_number() over (order by event_type) as code
    from registered where event_type not in (select event_type from funnel_events)
) as coded where code < :most_coded
