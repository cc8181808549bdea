"""Beginnings of messages in lists, with the question before each."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from core.conversations.models import Message
from core.conversations.schemas import MessageSpeaker
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.identity.service import audit

MOST_BETWEEN = 10  # messages between a question and its answer: calls of tools and their results


class Excerpt(View):
    """The beginnings of a message and of the question before it; `characters` is its length."""

    id: UUID
    conversation_id: UUID
    question: str | None
    content: str
    characters: int

    @property
    def is_cut(self) -> bool:
        """Whether the message is longer than its excerpt."""
        return len(self.content) < self.characters

    @property
    def short(self) -> str:
        """The excerpt, with an ellipsis when it is cut."""
        return f"{self.content}…" if self.is_cut else self.content


def read_excerpts(
    core: Session,
    ids: Collection[UUID],
    *,
    longest: int,
    actor: Actor,
    opened: Collection[UUID] = (),
) -> dict[UUID, Excerpt]:
    """Return the first `longest` characters of these messages by id, without those that are gone.

    Those of `opened` are written down as opened by this actor. Raises Forbidden.
    """
    require(actor, Permission.READ_CONTENTS)
    question = aliased(Message)
    before = and_(
        question.conversation_id == Message.conversation_id,
        question.position.between(Message.position - MOST_BETWEEN, Message.position - 1),
        question.role == MessageSpeaker.USER,
    )
    rows = core.execute(
        select(
            Message.id,
            Message.conversation_id,
            func.left(question.content, longest).label("question"),
            func.left(Message.content, longest).label("content"),
            func.length(Message.content).label("characters"),
        )
        .ext(distinct_on(Message.id))
        .outerjoin(question, before)
        .where(Message.id.in_(ids))
        .order_by(Message.id, question.position.desc())
    )
    found = {row["id"]: Excerpt(**row) for row in rows.mappings()}
    for id_ in found.keys() & set(opened):
        audit.record(
            core,
            "conversation.open",
            actor,
            targets={"conversation": str(found[id_].conversation_id), "message": str(id_)},
        )
    return found
