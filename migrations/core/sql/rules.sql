-- Rules that many statements share, each written once. The planner puts the expression in place of the call, so that indexes with
-- it as their condition are used (core/activity/models/events.py has those).

-- What an error is: an event with a code, or of a type that is one by its name.
create function is_error(error_code text, event_type text) returns boolean language sql immutable
    parallel safe return
    error_code is not null or event_type like '%\_error';

-- A subject of the funnel: a user (`u:` and our key), or a session of nobody (`s:` and its id). The text of a uuid is `stable`.
create function user_subject(user_id uuid) returns text language sql stable parallel safe return
    'u:' || user_id;
create function session_subject(session_id text) returns text language sql immutable parallel safe
    return 's:' || session_id;
create function is_user(subject text) returns boolean language sql immutable parallel safe return
    subject like 'u:%';
create function is_session(subject text) returns boolean language sql immutable parallel safe return
    subject like 's:%';
create function user_of(subject text) returns uuid language sql immutable parallel safe return
    case when subject like 'u:%' then substr(subject, 3)::uuid end;
create function session_of(subject text) returns text language sql immutable parallel safe return
    case when subject like 's:%' then substr(subject, 3) end;

-- A session belongs to the user of its earliest event that names one: whether one link comes before another, or there is no other.
create function is_earlier_link(linked_at timestamptz, linked_to text, other_at timestamptz,
    other_to text) returns boolean
language sql immutable parallel safe return
    linked_at is not null and (other_at is null or (linked_at, linked_to) < (other_at, other_to));

-- A mark (functions.sql) taken apart, and where those of a code begin.
create function mark_base(code int) returns bigint language sql immutable parallel safe return
    code::bigint << 56;
create function mark_code(mark bigint) returns int language sql immutable parallel safe return
    (mark >> 56)::int;
create function mark_micros(mark bigint) returns bigint language sql immutable parallel safe return
    mark & 72057594037927935;
