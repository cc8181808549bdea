-- The types of some errors, `failed`, what a success of each is, and where the marks of that begin: none where funnels do not know it.
select event_type, row_number() over () as number, wanted, case when is_error(null, event_type) then
    (select array_agg(mark_base(code)) from funnel_events
        where funnel_events.event_type = any(wanted)) end as bases
from (select distinct event_type from failed) as each
    cross join lateral (select case when is_error(null, event_type)
    then array[left(event_type, -6) || '_complete', left(event_type, -6) || '_success']
        else array[event_type] end as wanted
) as named
