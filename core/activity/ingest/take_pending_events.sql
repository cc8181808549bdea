-- Take the events that have waited longest into the stage, in the transaction that derives from them.
with taken as (
    delete from pending_events
    where id in (select id from pending_events order by id limit :at_once)
    returning created_at, user_id, user_name, session_id, event_type, environment, app, release
)
insert into taken_events (created_at, user_id, user_name, session_id, event_type, environment, app,
    release)
select * from taken
