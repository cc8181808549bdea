-- Count a call in the minute of an account or API key, which begins with its first call. All processes go by the database's clock.
insert into rate_limit_windows as counted (kind, subject, began_at, calls)
values (:kind, :subject, now(), 1)
on conflict (kind, subject) do update set (began_at, calls) = (
    select case when is_over then excluded.began_at else counted.began_at end, case when is_over then 1 else counted.calls + 1 end
    from (select counted.began_at <= now() - cast(:window as interval)) as minute (is_over)
)
returning calls, cast(extract(epoch from began_at + cast(:window as interval) - now()) as float8)
