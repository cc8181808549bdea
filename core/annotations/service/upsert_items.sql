-- A reason that comes later is added to an item that still waits.
insert into review_items as item (id, message_id, conversation_id, environment, app, model,
    provider, prompt_version, experiment_arm, user_id,
    message_role, message_at, reasons, priority, reviews_wanted, import_id, created_at)
values (:id, :message_id, :conversation_id, :environment, :app, :model, :provider, :prompt_version,
    :experiment_arm, :user_id,
    :message_role, :message_at, :reasons, :priority, :reviews_wanted, :import_id, :created_at)
on conflict (message_id) do update set priority = greatest(item.priority, excluded.priority),
    reasons = (select array_agg(distinct reason)
        from unnest(item.reasons || excluded.reasons) as reason),
    reviews_wanted = greatest(item.reviews_wanted, excluded.reviews_wanted)
where item.state = 'waiting' and not item.reasons @> excluded.reasons
