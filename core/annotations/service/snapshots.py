"""Snapshots of messages, taken when they are annotated or queued."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.annotations.errors import AnnotatedMessageMissing

# A message may have several requests: the last successful one has the provider.
# The table of requests has a partition per day: without the bounds, all of them would be read.
TAKEN = text("""
with wanted as materialized (
    select id, conversation_id, created_at from messages where id = any(:ids) and role = 'assistant'
),
answered as materialized (
    select conversation_id, message_id, model, provider, status, created_at,
        prompt_title(prompt_name, prompt_version, prompt_label) as prompt,
        arm_title(experiment_key, experiment_arm) as arm
    from ai_request_metrics
    where conversation_id in (select conversation_id from wanted) and message_id = any(:ids)
        and created_at between (select min(created_at) - interval '1 day' from wanted)
            and (select max(created_at) + interval '1 day' from wanted)
),
request as (
    select distinct on (wanted.id) wanted.id, model, provider, prompt, arm
    from wanted join answered on (answered.conversation_id,
        answered.message_id) = (wanted.conversation_id, wanted.id)
        and answered.created_at between wanted.created_at - interval '1 day'
            and wanted.created_at + interval '1 day'
    order by wanted.id, status = 'ok' desc, answered.created_at desc
)
select messages.id as message_id, messages.conversation_id, conversations.environment,
    conversations.app,
    coalesce(messages.model, request.model, '') as model,
        coalesce(request.provider, '') as provider,
    coalesce(prompt_title(prompt_name, prompt_version, prompt_label), request.prompt,
        messages.prompt_version_id::text, '') as prompt_version,
    coalesce(arm_title(experiment_key, experiment_arm), request.arm, '') as experiment_arm,
    users.external_id as user_id,
    messages.role as message_role, messages.created_at as message_at
from messages join conversations on conversations.id = messages.conversation_id
left join users on users.id = conversations.user_id
left join request on request.id = messages.id
where messages.id = any(:ids)""")
COLUMNS = (
    "environment",
    "app",
    "model",
    "provider",
    "prompt_version",
    "experiment_arm",
    "user_id",
    "message_role",
    "message_at",
)

Snapshot = Mapping[str, Any]


def take(core: Session, message_id: UUID) -> Snapshot:
    """Return the snapshot of a message; raise AnnotatedMessageMissing."""
    found = take_many(core, [message_id])
    if message_id not in found:
        raise AnnotatedMessageMissing
    return found[message_id]


def take_many(core: Session, ids: Sequence[UUID]) -> dict[UUID, Snapshot]:
    """Return the snapshots of messages that exist."""
    rows = core.execute(TAKEN, {"ids": list(ids)}).mappings()
    return {row["message_id"]: dict(row) for row in rows}
