with of_events as materialized (
    select user_id, min(created_at) as first, max(created_at) as last from user_activity_events
    where user_id = any(:ids) group by user_id
),
of_requests as materialized (
    select user_id, min(created_at) as first, max(created_at) as last from ai_request_metrics
    where user_id = any(:ids) group by user_id
),
of_conversations as materialized (
    select user_id, least(min(conversations.created_at), min(messages.created_at)) as first,
        greatest(max(conversations.created_at), max(messages.created_at)) as last
    from conversations left join messages on messages.conversation_id = conversations.id
    where user_id = any(:ids) group by user_id
)
select user_id, min(first), max(last) from (
    select * from of_events union all select * from of_requests union all select *
        from of_conversations
) as seen group by user_id
