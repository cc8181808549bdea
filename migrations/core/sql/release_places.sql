-- Where an event counts in funnels: in its environment, and, with a release, in the place of that release, too. Parts and subjects
-- have a place as their environment; no sender's environment has this character.
create function release_place(environment text, release text) returns text language sql immutable
    parallel safe return
    environment || chr(31) || release;
create function is_release_place(environment text) returns boolean language sql immutable
    parallel safe return
    environment like '%' || chr(31) || '%';
create function environment_of(place text) returns text language sql immutable parallel safe return
    split_part(place, chr(31), 1);
create function places_of(environment text, release text) returns setof text language sql immutable
    parallel safe rows 2 as
$$ select environment union all select release_place(environment, release) where release <> '' $$;
