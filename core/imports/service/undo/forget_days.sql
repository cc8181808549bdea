-- Of a day that others have seen, too, an import is the owner only as long as they are all imports.
with doubtful as materialized (
    select day, environment, app, user_id
    from unnest(cast(:days as date[]), cast(:environments as text[]), cast(:apps as text[]),
        cast(:users as uuid[]))
        as doubtful (day, environment, app, user_id)
),
bounds as materialized (
    -- The first moments of days, as periods.midnight() has them
    select (cast(cast(:first as date) as timestamp) - interval '1 us') at time zone :zone
            + interval '1 us' as since,
        (cast(cast(:last as date) + 1 as timestamp) - interval '1 us') at time zone :zone
            + interval '1 us' as until
),
events as materialized (
    select user_id, created_at, environment, app, release, import_id from user_activity_events
        where user_id = any(:named)
        and created_at >= (select since from bounds) and created_at < (select until from bounds)
),
requests as materialized (
    select user_id, created_at, environment, app, release, import_id from ai_request_metrics
        where user_id = any(:named)
        and created_at >= (select since from bounds) and created_at < (select until from bounds)
),
conversation as materialized (
    select id, user_id, created_at, environment, app, release, told from conversations
        where user_id = any(:named)
),
-- The conversation of a program may owe its beginning to an import
beginnings as (
    select user_id, created_at, environment, app, release, (
        select cast(nullif(split_part(name, '.', 2), '') as uuid)
        from jsonb_each(told) as reported (name, at)
        where split_part(name, '.', 1) = 'began_at' order by at, name limit 1) as import_id
    from conversation
),
rows as (
    select * from events
    union all
    select * from requests
    union all
    select * from beginnings
    union all
    select user_id, messages.created_at, environment, app, release, messages.import_id
    from conversation join messages on conversation_id = conversation.id
),
seen as (
    select user_id, created_at, place as environment, app, import_id
    from rows cross join lateral places_of(environment, release) as place
),
judged as materialized (
    select day, environment, app, user_id, count(created_at) > 0 as is_seen, case
        when bool_or(created_at is not null and import_id is null) then null
        when bool_or(import_id = :import_id) then cast(:import_id as uuid)
        else (array_agg(import_id order by import_id))[1] end as owner
    from doubtful left join (
        select (created_at at time zone :zone)::date as day, * from seen
    ) as days using (day, environment, app, user_id)
    group by 1, 2, 3, 4
),
passed_on as (
    update user_days as present set import_id = owner from judged
    where is_seen and owner is distinct from cast(:import_id as uuid)
        and (present.user_id, present.day, present.environment, present.app)
            = (judged.user_id, judged.day, judged.environment, judged.app)
)
delete from user_days as present using judged
where not is_seen and (present.user_id, present.day, present.environment, present.app)
    = (judged.user_id, judged.day, judged.environment, judged.app)
