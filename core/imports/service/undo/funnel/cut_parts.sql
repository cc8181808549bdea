with cut as materialized (select environment, app, part, marks from rebuilt_parts where is_cut),
remaining_events as materialized (
    select user_subject(user_id) as part, environment, app, release, event_type, created_at
    from user_activity_events where user_id = any(cast(:users as uuid[]))
    union all
    select session_subject(session_id), environment, app, release, event_type, created_at
    from user_activity_events
    where user_id is null and session_id = any(cast(:sessions as text[]))
),
remaining as (
    select part, place as environment, app, event_type, created_at
    from remaining_events cross join lateral places_of(environment, release) as place
),
marks as (
    select environment, app, part, mark_of(code, created_at) as mark, false as is_old
    from remaining join funnel_events using (event_type)
    union all
    -- The lower 56 bits are the time, in microseconds.
    select environment, app, part, mark, true from cut cross join unnest(marks) as mark
    where from_micros(mark_micros(mark)) < cast(:sealed as timestamptz)
),
whole as materialized (
    select environment, app, part, coalesce(array_agg(distinct mark order by mark)
        filter (where mark is not null), '{}') as marks,
        coalesce(bool_or(is_old), false) as is_sealed
    from cut left join marks using (environment, app, part) group by environment, app, part
)
update rebuilt_parts as rebuilt set marks = marks_kept(whole.marks),
    is_cut = cardinality(whole.marks) > 32 and marks_cut('{}', whole.marks) or is_sealed
from whole where (rebuilt.part, rebuilt.environment, rebuilt.app) = (whole.part, whole.environment,
    whole.app)
