-- Whether a mark that was dropped (between the earliest and the latest 16 of a code) may lie within a time, in microseconds.
create function has_gap(marks bigint[], since bigint, until bigint) returns boolean
language sql immutable parallel safe as $$
    select coalesce(bool_or(mark_micros(mark) < until and mark_micros(following) > since), false)
    from (
        select mark, lead(mark) over codes as following, row_number() over codes as place,
            count(*) over (partition by mark >> 56) as kept
        from unnest(marks) as mark window codes as (partition by mark >> 56 order by mark)
    ) as each where place = 16 and kept = 32 $$;
