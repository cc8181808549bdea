-- Who did later what had failed, of the `latest` errors, by raw rows: of types that funnels do not know.
with wanted_of as materialized (
    select error_code, subject, from_micros(last[1]) as failed_at, wanted from latest join types
        on number = last[2] where bases is null
),
own as materialized (
    select subject, session_of(subject) as session_id, null as app from wanted_of
        where is_session(subject)
    union
    select owner, session_of(part), app from funnel_parts
    where owner = any(array(select subject from wanted_of)) and environment = :environment
        and is_session(part)
),
of_users as materialized (
    select user_id, event_type, max(created_at) as last_at from user_activity_events
    where user_id = any(array(select user_of(subject) from wanted_of))
        and environment = :environment and error_code is null
        and created_at > (select min(failed_at) from wanted_of)
            and event_type = any(array(select unnest(wanted) from wanted_of))
    group by user_id, event_type
),
of_sessions as materialized (
    select session_id, app, event_type, max(created_at) as last_at from user_activity_events
    where session_id = any(array(select session_id from own)) and user_id is null
        and environment = :environment
        and error_code is null and created_at > (select min(failed_at) from wanted_of)
            and event_type = any(array(select unnest(wanted) from wanted_of))
    group by session_id, app, event_type
),
done as (
    select user_subject(user_id) as subject, event_type, last_at from of_users
    union all
    select subject, event_type, last_at from own join of_sessions using (session_id)
    where of_sessions.app = coalesce(own.app, of_sessions.app)
)
select error_code, subject from wanted_of join done using (subject) where last_at > failed_at
    and event_type = any(wanted)
