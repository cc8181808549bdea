-- How many users were active in a week (its Monday), by the first week of each: cohorts of retention. Kept as user_day_counts is, by
-- the same triggers, which are given anew here.
create function week_of(day date) returns date language sql immutable parallel safe return
    day - (extract(isodow from day)::int - 1);

insert into user_week_counts (environment, app, first_week, week, users)
select environment, place, first_week, week, count(*) from (
    select environment, place, week_of(day) as week, min(week_of(day))
        over (partition by user_id, environment, place) as first_week
    from user_days cross join lateral (values (app), ('*')) as each (place)
    group by user_id, environment, place, week_of(day)
) as weeks group by 1, 2, 3, 4;

-- Almost every new day of a user is the latest one: what was the latest until then is all that is needed, and `previous_day`
-- hands it over from the row that the upsert locks. The other days are counted by all days of their users, in a statement of its
-- own, which sees what was committed while this one waited for the lock.
create or replace function user_days_added() returns trigger language plpgsql as $$
declare
    late_users uuid[]; late_environments text[]; late_places text[];
begin
    if not exists (select from added) then return null; end if;
    with places as materialized (
        select user_id, environment, place, min(day) as first_day, max(day) as last_day
        from added cross join lateral (values (app), ('*')) as each (place) group by 1, 2, 3
    ),
    moved as (
        insert into user_spans as present (user_id, environment, app, first_day, last_day)
        select user_id, environment, place, first_day, last_day from places order by 1, 2, 3
        on conflict (user_id, environment, app) do update
            set first_day = least(present.first_day, excluded.first_day),
                last_day = greatest(present.last_day, excluded.last_day),
                    previous_day = present.last_day
            where excluded.first_day < present.first_day or excluded.last_day >= present.last_day
        returning user_id, environment, app as place, first_day as begun, last_day, previous_day
    ),
    met as materialized (
        select places.*, moved.begun, moved.previous_day
        from places left join moved on (moved.user_id, moved.environment, moved.place,
            moved.last_day, places.first_day)
            = (places.user_id, places.environment, places.place, places.last_day, places.last_day)
    ),
    counted as (
        insert into user_day_count_deltas (environment, app, day, previous_day, users)
        select environment, place, last_day, previous_day, count(*) from met
            where previous_day < last_day group by 1, 2, 3, 4
    ),
    counted_weeks as (
        insert into user_week_count_deltas (environment, app, first_week, week, users)
        select environment, place, week_of(begun), week_of(last_day), count(*) from met
            where previous_day < week_of(last_day) group by 1, 2, 3, 4
    )
    select array_agg(user_id), array_agg(environment), array_agg(place) into late_users,
        late_environments, late_places
    from met where previous_day is null;
    if late_users is null then return null; end if;
    with days as materialized (
        select late.user_id, late.environment, late.place, each.day,
            bool_and(added.day is not null) as is_new
        from unnest(late_users, late_environments, late_places) as late (user_id, environment,
            place)
        cross join lateral (
            select day, app from user_days where user_days.user_id = late.user_id
                and user_days.environment = late.environment
                and late.place in (user_days.app, '*') offset 0
        ) as each
        left join added on (added.user_id, added.environment, added.app, added.day)
            = (late.user_id, late.environment, each.app, each.day)
        group by 1, 2, 3, 4
    ),
    counted_weeks as (
        insert into user_week_count_deltas (environment, app, first_week, week, users)
        select environment, place, first_week, week, sum(change) from (
            select environment, place, week_of(day) as week,
                min(week_of(day)) over user_weeks as first_week, 1 as change
            from days group by user_id, environment, place, week_of(day)
            window user_weeks as (partition by user_id, environment, place)
            union all
            select environment, place, week_of(day), min(week_of(day)) over user_weeks, -1
            from days where not is_new group by user_id, environment, place, week_of(day)
            window user_weeks as (partition by user_id, environment, place)
        ) as changes group by 1, 2, 3, 4 having sum(change) <> 0
    )
    insert into user_day_count_deltas (environment, app, day, previous_day, users)
    select environment, place, day, previous_day, sum(change) from (
        select environment, place, day, lag(day, 1, '-infinity')
            over journey as previous_day, 1 as change
        from days window journey as (partition by user_id, environment, place order by day)
        union all
        select environment, place, day, lag(day, 1, '-infinity') over journey, -1
        from days where not is_new window journey as (partition by user_id, environment, place
            order by day)
    ) as changes group by 1, 2, 3, 4 having sum(change) <> 0;
    return null;
end $$;

-- Whoever takes days away holds a lock on all of them: nobody adds one meanwhile.
create or replace function user_days_removed() returns trigger language plpgsql as $$
begin
    delete from user_spans using (select distinct user_id, environment from removed) as touched
    where (user_spans.user_id, user_spans.environment) = (touched.user_id, touched.environment);
    insert into user_spans (user_id, environment, app, first_day, last_day)
    select user_id, environment, place, min(day), max(day)
    from (select distinct user_id, environment from removed) as touched
    cross join lateral (select app, day from user_days
        where user_days.user_id = touched.user_id
            and user_days.environment = touched.environment offset 0) as left_over
    cross join lateral (values (app), ('*')) as each (place) group by 1, 2, 3;
    with days as materialized (
        select user_id, environment, place, day, bool_or(is_left) as is_left
        from (
            select touched.user_id, touched.environment, left_over.app, left_over.day,
                true as is_left
            from (select distinct user_id, environment from removed) as touched
            cross join lateral (select app, day from user_days
                where user_days.user_id = touched.user_id
                    and user_days.environment = touched.environment offset 0) as left_over
            union all
            select user_id, environment, app, day, false from removed
        ) as before cross join lateral (values (app), ('*')) as each (place) group by 1, 2, 3, 4
    ),
    counted_weeks as (
        insert into user_week_count_deltas (environment, app, first_week, week, users)
        select environment, place, first_week, week, sum(change) from (
            select environment, place, week_of(day) as week,
                min(week_of(day)) over user_weeks as first_week, 1 as change
            from days where is_left group by user_id, environment, place, week_of(day)
            window user_weeks as (partition by user_id, environment, place)
            union all
            select environment, place, week_of(day), min(week_of(day)) over user_weeks, -1
            from days group by user_id, environment, place, week_of(day)
            window user_weeks as (partition by user_id, environment, place)
        ) as changes group by 1, 2, 3, 4 having sum(change) <> 0
    )
    insert into user_day_count_deltas (environment, app, day, previous_day, users)
    select environment, place, day, previous_day, sum(change) from (
        select environment, place, day, lag(day, 1, '-infinity')
            over journey as previous_day, 1 as change
        from days where is_left window journey as (partition by user_id, environment, place
            order by day)
        union all
        select environment, place, day, lag(day, 1, '-infinity') over journey, -1
        from days window journey as (partition by user_id, environment, place order by day)
    ) as changes group by 1, 2, 3, 4 having sum(change) <> 0;
    return null;
end $$;
