-- Element by element, long lists too: what is added to one that has 32 of a type drops the one in the middle, so that the earliest
-- and the latest sixteen stay. Sorting anew all that somebody has done for months took ten times as long.
create or replace function marks_merged(present bigint[], added bigint[]) returns bigint[]
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
create or replace function marks_cut(present bigint[], added bigint[]) returns boolean
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
