"""Drafts of annotations, kept until they are saved or discarded."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import ARRAY, Uuid, any_, delete, exists, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.annotations.models import Annotation, AnnotationDraft
from core.conversations.models import Message
from core.database.db import Database, read_session, transaction
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.ingest.json_objects import JsonObject
from core.platform import clock

AT_ONCE = 1000
drafts, notes, messages = table_of(AnnotationDraft), table_of(Annotation), table_of(Message)


class DraftBody(BaseModel):
    """The content of the form so far."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"fields": {"content": "The deadline is"}}}
    )

    fields: JsonObject
    begun_at: AwareDatetime | None = Field(
        default=None,
        description=(
            "When the reviewer opened the form. The draft is ignored when an annotation of the "
            "message was saved by the reviewer since then."
        ),
    )


class DraftView(View):
    """A draft, and the time of its last change."""

    message_id: UUID
    fields: dict[str, Any]
    updated_at: datetime


def read(ai: Session, message_id: UUID, *, actor: Actor) -> DraftView | None:
    """Return the actor's draft for a message, or None."""
    require(actor, Permission.ANNOTATE)
    row = (
        ai.execute(
            select(drafts).where(drafts.c.account_id == actor.id, drafts.c.message_id == message_id)
        )
        .mappings()
        .first()
    )
    return None if row is None else DraftView.model_validate(dict(row))


def save(
    ai: Session,
    message_id: UUID,
    fields: dict[str, Any],
    *,
    actor: Actor,
    begun_at: datetime | None = None,
) -> None:
    """Store the actor's draft for a message, unless an annotation was saved since `begun_at`."""
    require(actor, Permission.ANNOTATE)
    mine = (notes.c.message_id == message_id) & (notes.c.admin_user_id == actor.id)
    # The form saves drafts in the background, and one may arrive after its annotation
    if begun_at is not None and ai.scalar(
        select(exists().where(mine, notes.c.updated_at >= begun_at))
    ):
        return
    row = {"account_id": actor.id, "message_id": message_id}
    fresh = {"fields": fields, "updated_at": clock.now()}
    ai.execute(
        insert(drafts)
        .values(row | fresh)
        .on_conflict_do_update(index_elements=list(row), set_=fresh)
    )


def drop_of(ai: Session, accounts: list[UUID]) -> None:
    """Delete all drafts of removed accounts."""
    ai.execute(delete(drafts).where(drafts.c.account_id.in_(accounts)))


def drop(ai: Session, message_id: UUID, *, actor: Actor) -> None:
    """Delete the actor's draft for a message."""
    require(actor, Permission.ANNOTATE)
    ai.execute(
        delete(drafts).where(drafts.c.account_id == actor.id, drafts.c.message_id == message_id)
    )


def drop_orphans(after: UUID) -> UUID | None:
    """Delete drafts on deleted messages, which may quote these; return the last position, or None
    at the end.
    """
    column = drafts.c.message_id
    some = select(column).distinct().where(column > after).order_by(column).limit(AT_ONCE)
    with read_session(Database.AI) as ai:
        named = list(ai.scalars(some))
    is_named = messages.c.id == any_(literal(named, ARRAY(Uuid())))
    with read_session() as core:
        gone = set(named) - set(core.scalars(select(messages.c.id).where(is_named)))
    if gone:
        with transaction(Database.AI) as ai:
            ai.execute(delete(drafts).where(column.in_(gone)))
    return named[-1] if len(named) == AT_ONCE else None
