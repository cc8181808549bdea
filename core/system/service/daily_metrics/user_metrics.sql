with counted as (
    select day, environment, count(distinct user_id) as active from user_days where day >= :first
        and day < :end and not is_release_place(environment) group by 1, 2
),
fresh as (
    select first_day as day, environment, count(*) as fresh from user_spans
    -- New to the environment, in whichever app. Places of releases hold the same users once more.
    where app = '*' and first_day >= :first and first_day < :end
        and not is_release_place(environment)
    group by 1, 2
)
insert into daily_metrics (date, metric_type, metric_value, dimensions)
select day, name, value, jsonb_build_object('environment', environment)
from counted left join fresh using (day, environment),
    lateral (values ('users_active', active), ('users_new', coalesce(fresh, 0))) as each (name,
        value)
