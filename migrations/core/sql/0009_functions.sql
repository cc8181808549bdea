-- What is taken out again counts less than nothing: folded in, it leaves what was there before.
create function histogram_negated(histogram int[]) returns int[] language plpgsql immutable parallel safe as $$
begin
    if histogram is null then return null; end if;
    for i in array_lower(histogram, 1)..array_upper(histogram, 1) loop
        histogram[i] := -histogram[i];
    end loop;
    return histogram;
end $$;

-- A histogram without zeros, from its first count to its last: as it would be if nothing had ever been taken out of it.
create function histogram_plain(histogram int[]) returns int[] language plpgsql immutable parallel safe as $$
declare result int[];
begin
    if array_position(histogram, 0) is null then return histogram; end if;
    for i in array_lower(histogram, 1)..array_upper(histogram, 1) loop
        if histogram[i] <> 0 then result[i] := histogram[i]; end if;
    end loop;
    return result;
end $$;
