-- Of several states of a memory, the newest holds; of two that are equally new, the later to arrive.
insert into ai_memories as present (id, external_id, user_id, scope, kind, content, confidence,
    source_message_id, attributes,
    import_id, created_at, updated_at)
select distinct on (id) id, external_id, user_id, scope, kind, content, confidence,
    source_message_id, attributes::jsonb,
    import_id, min(created_at) over (partition by id), updated_at
from staged_memories
order by id, updated_at desc, place desc
on conflict (id) do update set user_id = excluded.user_id, scope = excluded.scope,
    kind = excluded.kind,
    content = excluded.content, confidence = excluded.confidence,
        source_message_id = excluded.source_message_id,
    attributes = excluded.attributes, updated_at = excluded.updated_at,
        import_id = excluded.import_id,
    created_at = least(present.created_at, excluded.created_at)
where excluded.updated_at >= present.updated_at
    and (present.user_id, present.scope, present.kind, present.content, present.confidence,
        present.source_message_id,
        present.attributes)
    is distinct from (excluded.user_id, excluded.scope, excluded.kind, excluded.content,
        excluded.confidence,
        excluded.source_message_id, excluded.attributes)
