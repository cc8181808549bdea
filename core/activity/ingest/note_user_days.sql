-- On which days the users of some rows, `seen_users`, were there: in their environment and, beside it, in the place of their release. Most were there before on their day: looking that up is a third
-- cheaper than an insert that comes to nothing. An undo, which removes days, locks the table: it waits for this
-- transaction, or this one waits for it before it looks.
insert into user_days (day, environment, app, user_id, import_id)
select day, environment, app, user_id, cast(:import_id as uuid)
from (
    select distinct (created_at at time zone :zone)::date as day, place as environment, app, user_id
    from seen_users cross join lateral places_of(environment, release) as place
    where user_id is not null
) as seen
left join lateral (select true as is_known from user_days as known
    where (known.day, known.environment, known.app, known.user_id) = (seen.day, seen.environment,
        seen.app, seen.user_id)
    offset 0) as known on true
where is_known is null
order by 1, 2, 3, 4 on conflict do nothing
