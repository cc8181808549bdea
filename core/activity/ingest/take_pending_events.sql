-- Take the events that have waited longest into the stage, in the transaction that derives from them. By a range, not by a list
-- of ids: the table is mostly empty, so the planner would compare each row of a burst with each id.
with taken as (
    delete from pending_events
    where id <= (select max(id) from (select id from pending_events order by id limit :at_once) as first)
    returning created_at, user_id, user_name, session_id, event_type, environment, app, release
)
insert into taken_events (created_at, user_id, user_name, session_id, event_type, environment, app,
    release)
select * from taken
