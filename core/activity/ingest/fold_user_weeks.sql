with taken as (
    delete from user_week_count_deltas
    -- An array, as `in` is read again for each row where no rows are expected
    where id = any(array(select id from user_week_count_deltas order by id limit :at_once
        for update skip locked))
    returning *
),
folded as (
    -- Sorted, so that two that write the same rows would wait for each other and not lock up.
    insert into user_week_counts as present (environment, app, first_week, week, users)
    select environment, app, first_week, week, sum(users) as users from taken
    group by 1, 2, 3, 4 having sum(users) <> 0 order by 1, 2, 3, 4
    on conflict (environment, app, first_week, week) do update
        set users = present.users + excluded.users
    returning *
)
select (select count(*) from taken) as taken, (select count(*) from folded
    where users = 0) as empty
