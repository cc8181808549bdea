"""The prompt versions of answers."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.ai_metrics.models import AiRequest
from core.ai_metrics.queries.conditions import NAMED
from core.conversations.models import Conversation, Message
from core.database.tables import table_of
from core.presentation.periods import Period

LATE = timedelta(days=7)  # between an answer and what people say of it
raw, messages, talks = table_of(AiRequest), table_of(Message), table_of(Conversation)


def versions_of(
    core: Session, period: Period, rows: Sequence[tuple[UUID | None, UUID | None]]
) -> list[str | None]:
    """Return the version that a message names, or its request, or its conversation if only one."""
    said = {message for message, _ in rows if message is not None}
    held = {conversation for _, conversation in rows if conversation is not None}
    title = func.prompt_title(
        messages.c.prompt_name, messages.c.prompt_version, messages.c.prompt_label
    )
    of_messages = select(messages.c.id, title).where(messages.c.id.in_(said))
    of_requests = select(raw.c.message_id, NAMED["prompt_version"]).where(
        raw.c.conversation_id.in_(held),
        raw.c.message_id.in_(said),
        raw.c.created_at >= period.start - LATE,
        raw.c.created_at < period.end,
    )
    named = select(talks.c.id, talks.c.prompt_versions).where(talks.c.id.in_(held))
    by_message = _first((*core.execute(of_messages), *core.execute(of_requests)))
    alone = {id_: versions[0] for id_, versions in core.execute(named) if len(versions) == 1}
    return [by_message.get(message) or alone.get(conversation) for message, conversation in rows]


def _first(rows: Iterable[Any]) -> dict[UUID | None, str]:
    found: dict[UUID | None, str] = {}
    for id_, version in rows:
        if version is not None:
            found.setdefault(id_, version)
    return found
