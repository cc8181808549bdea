-- What the events of a batch, `fresh_events`, say of parts: a named event is the user's; one without a name is its session's, and
-- a session's owner is the user of its earliest named event.
select environment, app, case when user_id is not null then user_subject(user_id)
    else session_subject(session_id) end as part,
    mark_of(code, created_at) as mark, null::timestamptz as linked_at, null::text as linked_to
from fresh_events join funnel_events using (event_type) where user_id is not null
    or session_id is not null
union all
select environment, app, session_subject(session_id), null, created_at, user_subject(user_id)
from fresh_events where session_id is not null and user_id is not null
