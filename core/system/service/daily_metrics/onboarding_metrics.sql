with counted as (
    select (reached_1 at time zone :zone)::date as date, environment, count(*) as started,
        count((array[reached_1, reached_2, reached_3, reached_4, reached_5, reached_6, reached_7,
            reached_8])[:last_step]) as completed
    from subjects where is_whole and not of_release and reached_1 >= :since and reached_1 < :until
    group by 1, 2
)
insert into daily_metrics (date, metric_type, metric_value, dimensions)
select date, name, value, jsonb_build_object('environment', environment)
from counted, lateral (values ('onboarding_started', started), ('onboarding_completed', completed),
    ('onboarding_conversion', completed::numeric / started)) as each (name, value)
