"""The prompt versions of answers."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, func, literal, select
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
    said = _any_of(message for message, _ in rows)
    held = _any_of(conversation for _, conversation in rows)
    title = func.prompt_title(
        messages.c.prompt_name, messages.c.prompt_version, messages.c.prompt_label
    )
    of_messages = select(messages.c.id, title).where(messages.c.id == said, title.is_not(None))
    version = NAMED["prompt_version"]
    of_requests = select(raw.c.message_id, version).where(
        raw.c.conversation_id == held,
        raw.c.message_id == said,
        raw.c.created_at >= period.start - LATE,
        raw.c.created_at < period.end,
        version.is_not(None),
    )
    versions = talks.c.prompt_versions
    named = select(talks.c.id, versions[1]).where(
        talks.c.id == held, func.cardinality(versions) == 1
    )
    by_message = _first((*core.execute(of_messages), *core.execute(of_requests)))
    alone = _first(core.execute(named))
    return [by_message.get(message) or alone.get(conversation) for message, conversation in rows]


def _any_of(ids: Iterable[UUID | None]) -> ColumnElement[UUID]:
    # One parameter: ten thousand of `in` take longer to write than to look up
    return func.any(literal(list({id_ for id_ in ids if id_ is not None}), ARRAY(Uuid())))


def _first(rows: Iterable[Any]) -> dict[UUID | None, str]:
    found: dict[UUID | None, str] = {}
    for id_, version in rows:
        if version is not None:
            found.setdefault(id_, version)
    return found
