"""Read what cases are made of: annotated messages, conversations, and votes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, all_, any_, func, literal, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from core.annotations.exports.queries import BEFORE, LONGEST_BEFORE, MOST_BEFORE, SAID
from core.annotations.models import Annotation, PreferencePair
from core.annotations.queries.annotation_list import conditions, is_overruled, seen_by
from core.annotations.schemas import AnnotationFilter
from core.conversations.models import Conversation, Message
from core.conversations.schemas import MessageSpeaker
from core.database.tables import table_of
from core.datasets.queries.cases import find_origins
from core.datasets.schemas import DatasetView
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.ingest.external_ids import named_by

notes, pairs, messages = table_of(Annotation), table_of(PreferencePair), table_of(Message)
MOST_PAIRS = 10_000


@dataclass(frozen=True)
class AnnotatedMessage:
    """A message, those before it, and the results of tools among them."""

    role: str
    content: str
    before: list[tuple[str, str]] = field(default_factory=list)


def annotations_by_id(ai: Session, ids: Sequence[UUID], *, actor: Actor) -> dict[UUID, Any]:
    """Return the annotations that the actor sees, by ID, and whether each is overruled."""
    wanted = notes.c.id == any_(literal(list(ids), ARRAY(Uuid())))
    found = select(notes, is_overruled().label("is_overruled"))
    rows = ai.execute(found.where(wanted, seen_by(actor)))
    return {row.id: row for row in rows}


def find_new_annotations(
    session: Session,
    ai: Session,
    dataset: DatasetView,
    filters: AnnotationFilter,
    limit: int,
    *,
    actor: Actor,
) -> tuple[list[UUID], int]:
    """Return the newest annotations that match and that the dataset has no cases of, and how many
    there are in all.
    """
    require(actor, Permission.READ_CONTENTS)
    present = find_origins(session, dataset.id, dataset.version)
    is_new = notes.c.id != all_(literal(list(present), ARRAY(Uuid())))
    where = [*conditions(filters), seen_by(actor), is_new]
    newest = select(notes.c.id).where(*where).order_by(notes.c.created_at.desc(), notes.c.id.desc())
    total = ai.scalar(select(func.count()).select_from(notes).where(*where)) or 0
    return list(ai.scalars(newest.limit(limit))), total


def messages_by_id(core: Session, ids: Sequence[UUID]) -> dict[UUID, AnnotatedMessage]:
    """Return messages with the last ones before them, by ID."""
    limits = {"most": MOST_BEFORE, "longest": LONGEST_BEFORE}
    before = {
        row.about: list(zip(row.roles, row.contents, strict=True))
        for row in core.execute(BEFORE, {"ids": list(ids)} | limits)
    }
    return {
        row.id: AnnotatedMessage(row.role, row.content, before.get(row.id, []))
        for row in core.execute(SAID, {"ids": list(ids)})
    }


def named_conversations(core: Session, given: Iterable[UUID | str]) -> dict[UUID, str]:
    """Return which of these IDs, Attune's or the sender's, names a conversation by its key."""
    return named_by(core, table_of(Conversation), "conversation", map(str, given))


def last_questions(core: Session, conversation_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return the last message of a user in each conversation that has one, by conversation."""
    columns = messages.c
    asked = (
        columns.conversation_id == any_(literal(list(conversation_ids), ARRAY(Uuid()))),
        columns.role == MessageSpeaker.USER,
        columns.content != "",
    )
    rows = core.execute(
        select(columns.conversation_id, columns.id)
        .ext(distinct_on(columns.conversation_id))
        .where(*asked)
        .order_by(columns.conversation_id, columns.position.desc())
    )
    return {row.conversation_id: row.id for row in rows}


def answers_to(core: Session, question_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the first answer after each question, by question."""
    question = messages.alias("question")
    rows = core.execute(
        select(question.c.id, messages.c.content)
        .ext(distinct_on(question.c.id))
        .join_from(question, messages, messages.c.conversation_id == question.c.conversation_id)
        .where(
            question.c.id == any_(literal(list(question_ids), ARRAY(Uuid()))),
            messages.c.position > question.c.position,
            messages.c.role == MessageSpeaker.ASSISTANT,
            messages.c.content != "",
        )
        .order_by(question.c.id, messages.c.position)
    )
    return {row.id: row.content for row in rows}


def own_votes(ai: Session, *, blind_only: bool, actor: Actor) -> list[Any]:
    """Return the pairs of the actor's votes, the oldest first."""
    rows = select(pairs).where(pairs.c.voter == actor.id)
    if blind_only:
        rows = rows.where(pairs.c.is_blind)
    return list(ai.execute(rows.order_by(pairs.c.created_at, pairs.c.id).limit(MOST_PAIRS)))
