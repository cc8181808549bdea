-- The marks of subjects whose list was cut where it could matter, with those of their raw rows. `apart` holds these subjects, and
-- from when to when a mark counts.
with bounds as materialized (
    select from_micros(min(begins)) as since, from_micros(max(ends)) as until from apart
),
own as materialized (
    select subject, begins, ends, app, session_of(part) as session_id
    from apart join funnel_parts on owner = subject
    where environment = :part_environment and app = any(:apps) and is_session(part)
),
-- Keys and times are values here, not joins, so that each partition is read by its index, and only
-- those of the time.
of_users as materialized (
    select user_id, event_type, created_at from user_activity_events
    where user_id = any(array(select user_of(subject) from apart))
        and environment = :raw_environment and app = any(:apps)
        and (cast(:raw_release as text) is null or release = :raw_release)
        and created_at between (select since from bounds) and (select until from bounds)
),
of_sessions as materialized (
    select session_id, app, event_type, created_at from user_activity_events
    where session_id = any(array(select session_id from own)) and user_id is null
        and environment = :raw_environment and app = any(:apps)
        and (cast(:raw_release as text) is null or release = :raw_release)
        and created_at between (select since from bounds)
            and (select until from bounds)
),
marks as (
    select subject, unnest(marks) as mark from apart
    union
    select subject, mark_of(code, created_at) from apart join of_users on user_id = user_of(subject)
    join funnel_events using (event_type) where created_at between from_micros(begins)
        and from_micros(ends)
    union
    select subject, mark_of(code, created_at) from own join of_sessions using (session_id, app)
    join funnel_events using (event_type) where created_at between from_micros(begins)
        and from_micros(ends)
)
select subject, sample, coalesce(listed.marks, '{}') as marks from apart
left join (select subject, array_agg(mark order by mark) as marks from marks
    group by subject) as listed using (subject)
