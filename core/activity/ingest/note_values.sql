-- Keep when the prompt versions and arms of some rows, `named_values`, were seen first. Most batches bring none that is not known, and lock nothing.
insert into dimension_values as known (environment, app, dimension, value, import_id, first_seen_at)
select * from (
    select environment, app, dimension, value, coalesce(import_id, '00000000-0000-0000-0000-000000000000') as import_id,
        min(created_at) as first_seen_at
    from named_values cross join lateral (values
        ('prompt_version', prompt_title(prompt_name, prompt_version, prompt_label)),
        ('experiment_arm', arm_title(experiment_key, experiment_arm))
    ) as titles (dimension, value)
    where value is not null group by 1, 2, 3, 4, 5
) as seen
where not exists (
    select from dimension_values as before
    where (before.environment, before.app, before.dimension, before.value, before.import_id)
        = (seen.environment, seen.app, seen.dimension, seen.value, seen.import_id)
        and before.first_seen_at <= seen.first_seen_at)
order by 1, 2, 3, 4, 5
on conflict (environment, app, dimension, value, import_id)
do update set first_seen_at = least(known.first_seen_at, excluded.first_seen_at)
