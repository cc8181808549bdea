-- What the events of a batch, `fresh_events`, say of parts: a named event is the user's; one without a name is its session's, and
-- a session's owner is the user of its earliest named event. In their environment and, beside it, in the place of their release.
select place as environment, app, case when user_id is not null then user_subject(user_id)
    else session_subject(session_id) end as part,
    mark_of(code, created_at) as mark, null::timestamptz as linked_at, null::text as linked_to
from fresh_events join funnel_events using (event_type)
    cross join lateral places_of(environment, release) as place
where user_id is not null or session_id is not null
union all
select place, app, session_subject(session_id), null, created_at, user_subject(user_id)
from fresh_events cross join lateral places_of(environment, release) as place
where session_id is not null and user_id is not null
