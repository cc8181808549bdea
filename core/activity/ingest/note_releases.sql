-- Keep when the releases of some rows, `named_releases`, were seen first. Most batches bring no release that is not known, and lock nothing.
insert into releases (environment, app, release, import_id, first_seen_at)
select * from (
    select environment, app, release, coalesce(import_id, '00000000-0000-0000-0000-000000000000') as import_id,
        min(created_at) as first_seen_at
    from named_releases where release <> '' group by 1, 2, 3, 4
) as seen
where not exists (
    select from releases as known where (known.environment, known.app, known.release,
        known.import_id)
        = (seen.environment, seen.app, seen.release, seen.import_id)
            and known.first_seen_at <= seen.first_seen_at)
order by 1, 2, 3, 4
on conflict (environment, app, release, import_id)
do update set first_seen_at = least(releases.first_seen_at, excluded.first_seen_at)
