-- Text in which the search's parser finds every word: it takes "No.Thank" for the name of a host, "a/b" for a path.
-- Between letters (or a digit and a letter) punctuation stands apart, by a control character that is never shown.
create function searchable(given text) returns text language sql immutable parallel safe strict as
    $$
select regexp_replace(given,
    '(?<=[^\s!-@[-`{-~])[!-/:-@[-`{-~]+(?=[^\s!-/:-@[-`{-~])|(?<=[0-9])[!-/:-@[-`{-~]+(?=[^\s!-@[-`{-~])', E'\x04\\&\x04', 'g') $$;

-- Of longer texts, Postgres refuses to make one.
create function search_vector(given text) returns tsvector language sql immutable parallel safe
    strict as $$
select to_tsvector('simple', searchable(left(given, 50000))) $$;
