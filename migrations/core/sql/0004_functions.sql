-- Element by element: what comes in a batch is a few marks, and a query within a function costs as much as five of these steps.
create or replace function marks_merged(present bigint[], added bigint[]) returns bigint[]
language plpgsql immutable parallel safe as $$
declare mark bigint; at int; merged bigint[] := present;
begin
    foreach mark in array added loop
        at := width_bucket(mark, merged);
        if at = 0 or merged[at] <> mark then
            merged := merged[:at] || mark || merged[at + 1:];
        end if;
    end loop;
    return case when cardinality(merged) <= 32 then merged else marks_kept(merged) end;
end $$;
