-- The events that subjects did next to their first one of a type in a period: `followed` holds subjects with their marks. What is at
-- the same moment is in order of its name. Of the same type one after the other, one counts.
with types as materialized (
    select code, rank() over (order by event_type) as place from funnel_events
),
begun as materialized (
    select * from (
        select subject, marks, mark_after(marks, mark_base(:path_code), :path_since) as begun_at
        from followed
    ) as each where begun_at < :path_until
),
events as (
    select subject, code, (at - begun_at) * :path_sign as away, place * :path_sign as place,
        lag(code, 1, :path_code) over journey as previous
    from begun cross join lateral unnest(marks) as mark
    cross join lateral (values (mark_code(mark), mark_micros(mark))) as event (code, at)
    join types using (code)
    cross join (select place as own_place from types where code = :path_code) as own
    where at >= :path_since and at < :path_until
        and ((at - begun_at) * :path_sign, (place - own_place) * :path_sign) > (0, 0)
    window journey as (partition by subject order by (at - begun_at) * :path_sign,
        place * :path_sign)
),
numbered as (
    select subject, code, row_number() over (partition by subject order by away, place) as step
    from events where code <> previous
),
steps as (
    select subject, max(code) filter (where step = 1) as step_1,
        max(code) filter (where step = 2) as step_2, max(code) filter (where step = 3) as step_3
    from numbered where step <= 3 group by subject
)
select subject, step_1, step_2, step_3 from begun left join steps using (subject)
