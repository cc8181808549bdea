-- The latest stretch of raw rows without marks, of at most about `most` events: the types that wait longest, from when, and until
-- when. Half hours are counted by the rollups.
with waiting as (
    select array_agg(event_type) as types, marked_since as until, min(kept_since) as kept_since
    from funnel_events where marked_since > kept_since
    group by marked_since order by marked_since desc limit 1
),
counted as (
    select at, sum(sum(events)) over (order by at desc) as events
    from waiting join event_rollups on grain = 'half_hour' and event_type = any(types)
        and at < until and at > kept_since
    group by at
)
select types, coalesce((select max(at) from counted where events >= :most), kept_since) as since,
    until
from waiting
