-- What derived rows are made of, copied once: a server that holds a part of the raw rows knows nothing of this session.
create temporary table copied_events on commit drop as
select created_at, user_id, session_id, event_type, environment, app, release,
    error_code is not null as is_error
from public.user_activity_events;
create index on copied_events (created_at);
analyze copied_events
