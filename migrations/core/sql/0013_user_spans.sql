-- Since when and until when a user was there: kept by the statements that add days of users or take some away, whoever sends them.
create function user_days_added() returns trigger language plpgsql as $$
begin
    insert into user_spans as present (user_id, environment, app, first_day, last_day)
    select user_id, environment, place, min(day), max(day)
    from added cross join lateral (values (app), ('*')) as each (place) group by 1, 2, 3 order by 1, 2, 3
    on conflict (user_id, environment, app) do update
        set first_day = least(present.first_day, excluded.first_day), last_day = greatest(present.last_day, excluded.last_day)
        where excluded.first_day < present.first_day or excluded.last_day > present.last_day;
    return null;
end $$;

-- Whoever takes days away holds a lock on all of them: nobody adds one meanwhile.
create function user_days_removed() returns trigger language plpgsql as $$
begin
    delete from user_spans using (select distinct user_id, environment from removed) as touched
    where (user_spans.user_id, user_spans.environment) = (touched.user_id, touched.environment);
    insert into user_spans (user_id, environment, app, first_day, last_day)
    select user_id, environment, place, min(day), max(day)
    from (select distinct user_id, environment from removed) as touched
    cross join lateral (select app, day from user_days
        where user_days.user_id = touched.user_id and user_days.environment = touched.environment offset 0) as left_over
    cross join lateral (values (app), ('*')) as each (place) group by 1, 2, 3;
    return null;
end $$;

create trigger user_days_added after insert on user_days
referencing new table as added for each statement execute function user_days_added();

create trigger user_days_removed after delete on user_days
referencing old table as removed for each statement execute function user_days_removed();

insert into user_spans (user_id, environment, app, first_day, last_day)
select user_id, environment, place, min(day), max(day)
from (
    select user_id, environment, app, min(day) as day from user_days group by 1, 2, 3
    union all select user_id, environment, app, max(day) from user_days group by 1, 2, 3
) as edges cross join lateral (values (app), ('*')) as each (place) group by 1, 2, 3;
