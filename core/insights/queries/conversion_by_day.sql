-- Which part of those who began onboarding on a day has come through. In two halves: each has an index.
select (reached_1 at time zone :zone)::date as day,
    count((array[reached_1, reached_2, reached_3, reached_4, reached_5, reached_6, reached_7,
        reached_8])[:last_step])::float8 / count(*) as value
from (
    select * from subjects where is_whole and not is_unsure union all select * from subjects
        where is_whole and is_unsure
) as each
where environment = :environment and not of_release and app = any(array(select app from event_apps
    where environment = :environment) || '{*}')
    and reached_1 >= :since and reached_1 < :until group by 1
