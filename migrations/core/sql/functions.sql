-- Histograms: the subscript is the log bucket (DDSketch, relative error 1 %), -1 holds zero and less; gaps are null.
create function latency_bucket(ms bigint) returns int language sql immutable parallel safe return
    case when ms is null then null when ms <= 0 then -1
        else ceil(ln(least(ms, 86400000)::float8) / 0.020000666706669543)::int end;

create function histogram_of(buckets int[], counts int[]) returns int[] language plpgsql immutable
    parallel safe as $$
declare result int[];
begin
    for i in 1..coalesce(array_length(buckets, 1), 0) loop
        result[buckets[i]] := counts[i];
    end loop;
    return result;
end $$;

create function histogram_add(total int[], added int[]) returns int[] language plpgsql immutable
    parallel safe as $$
declare found int; i int;
begin
    if total is null then return added; end if;
    if added is null then return total; end if;
    i := array_lower(added, 1);
    -- Not by subscript: that is a fifth slower.
    foreach found in array added loop
        if found is not null then total[i] := coalesce(total[i] + found, found); end if;
        i := i + 1;
    end loop;
    return total;
end $$;

create aggregate histogram_sum(int[]) (sfunc = histogram_add, stype = int[],
    combinefunc = histogram_add, parallel = safe);

-- The values at ranks ceil(q * n), q ascending; null of an empty histogram.
create function histogram_quantiles(histogram int[], quantiles float8[]) returns float8[]
language plpgsql immutable parallel safe as $$
declare
    total bigint := 0; seen bigint := 0; next int := 1; found int; result float8[];
begin
    if histogram is null then return null; end if;
    foreach found in array histogram loop
        if found is not null then total := total + found; end if;
    end loop;
    if total = 0 then return null; end if;
    for i in array_lower(histogram, 1)..array_upper(histogram, 1) loop
        found := histogram[i];
        if found is not null then
            seen := seen + found;
            while next <= array_length(quantiles, 1)
                and seen >= greatest(1, ceil(quantiles[next] * total)) loop
                result[next] := case when i < 0 then 0
                    else 2 * exp(0.020000666706669543 * i) / 2.0202020202020203 end;
                next := next + 1;
            end loop;
        end if;
    end loop;
    return result;
end $$;

-- What is taken out again counts less than nothing: folded in, it leaves what was there before.
create function histogram_negated(histogram int[]) returns int[] language plpgsql immutable parallel
    safe as $$
begin
    if histogram is null then return null; end if;
    for i in array_lower(histogram, 1)..array_upper(histogram, 1) loop
        histogram[i] := -histogram[i];
    end loop;
    return histogram;
end $$;

-- A histogram without zeros, from its first count to its last: as it would be if nothing had ever been taken out of it.
create function histogram_plain(histogram int[]) returns int[] language plpgsql immutable parallel
    safe as $$
declare result int[];
begin
    if array_position(histogram, 0) is null then return histogram; end if;
    for i in array_lower(histogram, 1)..array_upper(histogram, 1) loop
        if histogram[i] <> 0 then result[i] := histogram[i]; end if;
    end loop;
    return result;
end $$;

-- Marks: the code of an event type in the upper byte, microseconds since 1970 below; sorted, so that those of a code stand
-- together in order of time and are found by halving. Of each code the earliest and the latest 16 are kept.
create function micros(at timestamptz) returns bigint language sql immutable parallel safe return
    (extract(epoch from at) * 1000000)::bigint;
create function from_micros(at bigint) returns timestamptz language sql immutable parallel safe
    return
    timestamptz '1970-01-01 00:00:00+00' + at * interval '1 microsecond';
create function mark_of(code smallint, at timestamptz) returns bigint language sql immutable
    parallel safe return
    (code::bigint << 56) | micros(at);

create function marks_kept(marks bigint[]) returns bigint[] language sql immutable parallel safe as
    $$
    select coalesce(array_agg(mark order by mark), '{}') from (
        select mark, row_number() over (partition by mark >> 56 order by mark) as first,
               row_number() over (partition by mark >> 56 order by mark desc) as last
        from (select distinct unnest(marks) as mark) as each
    ) as ranked where first <= 16 or last <= 16 $$;

-- Element by element, long lists too: what is added to one that has 32 of a type drops the one in the middle, so that the earliest
-- and the latest sixteen stay. Sorting anew all that somebody has done for months took ten times as long.
create function marks_merged(present bigint[], added bigint[]) returns bigint[]
language plpgsql immutable parallel safe as $$
declare mark bigint; at int; before int; merged bigint[] := present;
begin
    foreach mark in array added loop
        at := width_bucket(mark, merged);
        continue when at > 0 and merged[at] = mark;
        merged := merged[:at] || mark || merged[at + 1:];
        before := width_bucket((mark >> 56 << 56) - 1, merged);  -- where its type begins
        if merged[before + 33] >> 56 = mark >> 56 then
            merged := merged[:before + 16] || merged[before + 18:];
        end if;
    end loop;
    return merged;
end $$;

-- Whether some were dropped of what these two hold together.
create function marks_cut(present bigint[], added bigint[]) returns boolean
language plpgsql immutable parallel safe as $$
declare mark bigint; at int; merged bigint[] := present;
begin
    foreach mark in array added loop
        at := width_bucket(mark, merged);
        continue when at > 0 and merged[at] = mark;
        merged := merged[:at] || mark || merged[at + 1:];
        if merged[width_bucket((mark >> 56 << 56) - 1, merged) + 33] >> 56 = mark >> 56 then
            return true;
        end if;
    end loop;
    return false;
end $$;

-- The earliest time at or after `since` of the code that `base` begins; 2^56 - 1 when there is none. One expression that names
-- each argument's cost once: width_bucket is Postgres's own binary search.
create function mark_after(marks bigint[], base bigint,
    since bigint) returns bigint language sql immutable parallel safe return
    least(marks[width_bucket(base + since - 1, marks) + 1] - base, 72057594037927935);

-- Whether a mark that was dropped (between the earliest and the latest 16) may lie where one was looked for.
create function mark_gap(marks bigint[], base bigint, since bigint, found bigint) returns boolean
language sql immutable parallel safe return
    coalesce(
        marks[width_bucket(base - 1, marks) + 32] - base < 72057594037927936
        and marks[width_bucket(base - 1, marks) + 17] - base > since
        and marks[width_bucket(base - 1, marks) + 16] - base < found, false);
