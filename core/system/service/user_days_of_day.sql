-- Who was there on a day, by everything that names users. A day belongs to an import only while nothing else names the user.
create temporary table days_seen on commit drop as
select (created_at at time zone :zone)::date as day, place as environment, app, user_id,
    case when bool_and(import_id is not null) then (array_agg(import_id order by import_id))[1] end
        as import_id
from (
    select created_at, environment, app, release, user_id, import_id from user_activity_events
    union all
    select created_at, environment, app, release, user_id, import_id from ai_request_metrics
    union all
    select m.created_at, environment, app, release, user_id, m.import_id
    from conversations as c join messages as m on conversation_id = c.id
    union all
    select created_at, environment, app, release, user_id, (
        select cast(nullif(split_part(name, '.', 2), '') as uuid)
        from jsonb_each(told) as reported (name, at)
        where split_part(name, '.', 1) = 'began_at' order by at, name limit 1)
    from conversations
) as seen cross join lateral places_of(environment, release) as place
where created_at >= :since and created_at < :until and user_id is not null
group by 1, 2, 3, 4
