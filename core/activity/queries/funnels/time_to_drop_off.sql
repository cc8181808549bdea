-- Users by how long they stayed, in seconds; `gone` holds who has not come through: subject, began, marks. Of whom nobody knows the
-- name, the last mark is all that there is.
select width_bucket(seconds, cast(:bounds as float8[])) as bar, count(*) as users,
    array_send(array_agg(cast(seconds * 1e6 as bigint))) as stayed
from (
    select greatest(date_part('epoch', coalesce(
        last_seen_at, from_micros((select max(mark_micros(mark))
            from unnest(gone.marks) as mark))) - began), 0) as seconds
    from gone left join users on users.id = user_of(subject)
) as stayed group by 1
