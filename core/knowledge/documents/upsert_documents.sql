-- Of several states of a document, the newest holds; of two that are equally new, the later to arrive.
insert into ai_kb_documents as present (id, external_id, scope, title, content, tags, source,
    status, attributes, import_id,
    created_at, updated_at)
select distinct on (id) id, external_id, scope, title, content, tags, source, status,
    attributes::jsonb, import_id,
    min(created_at) over (partition by id), updated_at
from staged_documents
order by id, updated_at desc, place desc
on conflict (id) do update set scope = excluded.scope, title = excluded.title,
    content = excluded.content,
    tags = excluded.tags, source = excluded.source, status = excluded.status,
        attributes = excluded.attributes,
    updated_at = excluded.updated_at, import_id = excluded.import_id,
    created_at = least(present.created_at, excluded.created_at)
where excluded.updated_at >= present.updated_at
    and (present.scope, present.title, present.content, present.tags, present.source,
        present.status, present.attributes)
    is distinct from (excluded.scope, excluded.title, excluded.content, excluded.tags,
        excluded.source, excluded.status,
        excluded.attributes)
