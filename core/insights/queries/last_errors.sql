-- A page of subjects, who they are, and the last error and conversation of each.
with page as materialized (
    select subject, user_of(subject) as user_id, began_at, reached_at
    from unnest(cast(:subjects as text[]), cast(:began as timestamptz[]),
        cast(:reached as timestamptz[]))
        as page (subject, began_at, reached_at)
),
own as materialized (
    select owner as subject, app, session_of(part) as session_id from funnel_parts
    where owner = any(:subjects) and environment = :environment and is_session(part)
),
-- Keys as values, not joins, so that each partition is read by its index.
of_users as materialized (
    select distinct on (user_id) user_id, event_type, error_code, error_message, created_at
    from user_activity_events
    where user_id = any(array(select user_id from page)) and environment = :environment
        and is_error(error_code, event_type)
    order by user_id, created_at desc
),
of_sessions as materialized (
    select distinct on (session_id, app) session_id, app, event_type, error_code, error_message,
        created_at
    from user_activity_events
    where session_id = any(array(select session_id from own)) and user_id is null
        and environment = :environment
        and is_error(error_code, event_type)
    order by session_id, app, created_at desc
),
failed as materialized (
    select distinct on (subject) subject, event_type, error_code, error_message, created_at
    from (
        select user_subject(user_id) as subject, event_type, error_code, error_message, created_at
            from of_users
        union all
        select subject, event_type, error_code, error_message, created_at
        from own join of_sessions using (session_id, app)
    ) as either order by subject, created_at desc
)
select session_of(page.subject) as session_id, began_at, reached_at, users.id as user_id,
    external_id, email, display_name,
    coalesce(users.last_seen_at, reached_at) as last_seen_at, failed.event_type as error_event_type,
        failed.error_code,
    left(failed.error_message, 2000) as error_message, failed.created_at as error_at,
    talk.id as conversation_id, talk.last_message_at as conversation_at
from page left join users on users.id = page.user_id left join failed using (subject)
left join lateral (
    select id, last_message_at from conversations
    where conversations.user_id = users.id and environment = :environment
        order by last_message_at desc limit 1
) as talk on true
order by began_at desc, page.subject
