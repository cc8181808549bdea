"""Answers of production that are due to be scored, and what to score them by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, RowMapping, Uuid, any_, literal, select, tuple_
from sqlalchemy.orm import Session

from core.conversations.models import Conversation, Message
from core.conversations.schemas import MessageSpeaker
from core.database.tables import table_of
from core.scores.models import MessageScore
from core.scoring.schemas import CaseToScore, MessageToScore, ScoredAnswer, ScoredToolCall
from core.scoring.tool_arguments import arguments_of

MAX_EARLIER_MESSAGES = 20
AT_ONCE = 1000

messages, talks, scores = table_of(Message), table_of(Conversation), table_of(MessageScore)
Place = tuple[datetime, UUID]


@dataclass(frozen=True)
class ProductionAnswer:
    """An answer with the conversation before it, and where it is from."""

    id: UUID
    conversation_id: UUID
    user_id: UUID | None
    environment: str
    app: str
    release: str
    answer: ScoredAnswer
    case: CaseToScore


def list_due(core: Session, environment: str, after: Place, before: datetime) -> list[Place]:
    """Return the places of up to 1,000 answers with a text, in the order of their times."""
    place = messages.c.created_at, messages.c.id
    due = (
        select(*place)
        .join(talks, talks.c.id == messages.c.conversation_id)
        .where(
            tuple_(*place) > after,
            messages.c.created_at < before,
            messages.c.role == MessageSpeaker.ASSISTANT,
            messages.c.content != "",
            messages.c.error.is_(None),
            talks.c.environment == environment,
        )
        .order_by(*place)
        .limit(AT_ONCE)
    )
    return [(at, id_) for at, id_ in core.execute(due)]


def stored_ids(core: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these scores are stored."""
    found = select(scores.c.id).where(scores.c.id == any_(literal(list(ids), ARRAY(Uuid()))))
    return set(core.scalars(found))


def find_answer(core: Session, message_id: UUID) -> ProductionAnswer | None:
    """Return an answer with up to 20 messages before it, or None when it was deleted."""
    columns = (talks.c.user_id, talks.c.environment, talks.c.app, talks.c.release)
    wanted = select(messages, *columns).join(talks, talks.c.id == messages.c.conversation_id)
    row = core.execute(wanted.where(messages.c.id == message_id)).mappings().first()
    if row is None:
        return None
    earlier = (
        select(messages.c.role, messages.c.content)
        .where(
            messages.c.conversation_id == row["conversation_id"],
            messages.c.position < row["position"],
        )
        .order_by(messages.c.position.desc())
        .limit(MAX_EARLIER_MESSAGES)
    )
    before = [MessageToScore(role=role, content=text) for role, text in core.execute(earlier)]
    return ProductionAnswer(
        id=row["id"],
        conversation_id=row["conversation_id"],
        user_id=row["user_id"],
        environment=row["environment"],
        app=row["app"],
        release=row["release"],
        answer=_answer(row),
        case=CaseToScore(messages=tuple(reversed(before))),
    )


def _answer(row: RowMapping) -> ScoredAnswer:
    return ScoredAnswer(
        text=row["content"],
        tool_calls=tuple(tool_calls_of(row["tool_calls"] or ())),
        latency_ms=row["latency_ms"],
        cost_usd=row["cost_usd"],
    )


def tool_calls_of(calls: Iterable[Mapping[str, Any]]) -> list[ScoredToolCall]:
    """Return tool calls in any of the forms that senders use; without a name they are left out."""
    found = []
    for call in calls:
        inside = call.get("function")
        facts = inside if isinstance(inside, Mapping) else call
        name = facts.get("name") or facts.get("tool")
        if isinstance(name, str):
            arguments = facts.get("arguments", facts.get("input"))
            found.append(ScoredToolCall(name=name, arguments=arguments_of(arguments)))
    return found
