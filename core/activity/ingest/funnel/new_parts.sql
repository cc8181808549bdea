-- What a batch says of each part, of what was `seen` of it.
select environment, app, part, min(linked_at) as linked_at,
    (array_agg(linked_to order by linked_at, linked_to)
        filter (where linked_at is not null))[1] as linked_to,
    coalesce(array_agg(distinct mark order by mark) filter (where mark is not null), '{}') as marks
from seen group by environment, app, part
