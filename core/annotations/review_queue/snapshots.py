"""Snapshots of messages, taken when they were annotated or queued."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.annotations.errors import MessageGone

# Of one message there may be several requests: the last that went well tells the provider.
TAKEN = text("""
select messages.id as message_id, messages.conversation_id, conversations.environment, conversations.app,
    coalesce(messages.model, request.model, '') as model, coalesce(request.provider, '') as provider,
    coalesce(messages.prompt_version_id::text, '') as prompt_version, users.external_id as user_id,
    messages.role as message_role, messages.created_at as message_at
from messages join conversations on conversations.id = messages.conversation_id
left join users on users.id = conversations.user_id
left join lateral (select model, provider from ai_request_metrics as asked
    where messages.role = 'assistant' and asked.conversation_id = messages.conversation_id and asked.message_id = messages.id
        and asked.created_at between messages.created_at - interval '1 day' and messages.created_at + interval '1 day'
    order by asked.status = 'ok' desc, asked.created_at desc limit 1) as request on true
where messages.id = any(:ids)""")
COLUMNS = ("environment", "app", "model", "provider", "prompt_version", "user_id", "message_role", "message_at")

Snapshot = Mapping[str, Any]


def take(core: Session, message_id: UUID) -> Snapshot:
    """Return what is kept of a message; raise MessageGone."""
    found = take_many(core, [message_id])
    if message_id not in found:
        raise MessageGone
    return found[message_id]


def take_many(core: Session, ids: Sequence[UUID]) -> dict[UUID, Snapshot]:
    """Return what is kept of each of these messages that are there."""
    rows = core.execute(TAKEN, {"ids": list(ids)}).mappings()
    return {row["message_id"]: dict(row) for row in rows}
