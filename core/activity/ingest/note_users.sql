-- Make and update the users of some rows, `named_users`. Idempotent, so that it may take what was sent before, too.
-- A user who was described without a time was seen at `created_at` until a row says when (users.py).
insert into users (id, external_id, first_seen_at, last_seen_at)
select user_id, min(user_name), min(created_at), max(created_at) from named_users
    where user_id is not null
group by user_id order by user_id
on conflict (id) do update
set first_seen_at = least(nullif(users.first_seen_at, users.created_at), excluded.first_seen_at),
    last_seen_at = greatest(nullif(users.last_seen_at, users.created_at), excluded.last_seen_at)
where excluded.first_seen_at < users.first_seen_at or excluded.last_seen_at > users.last_seen_at
    or users.last_seen_at = users.created_at
