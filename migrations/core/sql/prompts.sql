-- How a prompt and an arm are written where they are filtered and shown (core/ingest/prompts.py): `name@version` and `key:arm`.
create function prompt_title(name text, version text, label text) returns text
language sql immutable parallel safe return
    coalesce(name || '@' || coalesce(version, label), name, version, label);
create function arm_title(key text, arm text) returns text language sql immutable parallel safe
    return coalesce(key || ':' || arm, arm, key);
