-- Users by time to drop-off in seconds, each computed once (`offset 0`). `gone` has those who did not complete: subject, began, marks.
-- Of an anonymous session only the last mark is known.
select width_bucket(seconds, cast(:bounds as float8[])) as bar, count(*) as users,
    array_send(array_agg(cast(seconds * 1e6 as bigint))) as stayed
from (
    select greatest(date_part('epoch', coalesce(
        last_seen_at, from_micros((select max(mark_micros(mark))
            from unnest(gone.marks) as mark))) - began), 0) as seconds
    from gone left join users on users.id = user_of(subject) offset 0
) as stayed group by 1
