"""Read notes on conversations, and the accounts that can be mentioned in them."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.conversations.models import Conversation, ConversationNote, NoteMention
from core.conversations.notes import Colleague, MentionView, NoteView
from core.database.settings import Workspace, read
from core.database.tables import table_of
from core.identity.models import AdminUser
from core.identity.permissions import ROLE_PERMISSIONS, Permission, require
from core.identity.schemas import Actor, Role

MOST = 200  # notes of a conversation, or mentions of a colleague

notes, mentions, talks = (table_of(each) for each in (ConversationNote, NoteMention, Conversation))


def list_notes(session: Session, conversation_id: UUID, *, actor: Actor) -> list[NoteView]:
    """Return the latest notes on a conversation, oldest first."""
    require(actor, Permission.READ_CONTENTS)
    query = select(notes).where(notes.c.conversation_id == conversation_id)
    latest = query.order_by(notes.c.created_at.desc(), notes.c.id.desc()).limit(MOST)
    return [NoteView.model_validate(row) for row in reversed(session.execute(latest).all())]


def list_colleagues(session: Session, *, actor: Actor) -> list[Colleague]:
    """Return the active accounts that may read conversations, by name."""
    require(actor, Permission.READ_CONTENTS)
    roles = [role for role in Role if Permission.READ_CONTENTS in ROLE_PERMISSIONS[role]]
    if read(session, Workspace).analysts_read_messages:
        roles.append(Role.ANALYST)
    query = select(AdminUser.id, AdminUser.full_name.label("name"), AdminUser.email).where(
        AdminUser.is_active, AdminUser.role.in_(roles)
    )
    rows = session.execute(query.order_by(AdminUser.full_name, AdminUser.email))
    return [Colleague.model_validate(row) for row in rows]


def list_mentions(session: Session, *, actor: Actor) -> list[MentionView]:
    """Return the notes that mention the actor, newest first."""
    require(actor, Permission.READ_CONTENTS)
    title = func.coalesce(talks.c.title, talks.c.external_id).label("conversation_title")
    query = (
        select(notes, mentions.c.seen_at, title)
        .join(mentions, mentions.c.note_id == notes.c.id)
        .join(talks, talks.c.id == notes.c.conversation_id)
        .where(mentions.c.account_id == actor.id)
        .order_by(notes.c.created_at.desc(), notes.c.id.desc())
    )
    return [MentionView.model_validate(row) for row in session.execute(query.limit(MOST))]


def count_unseen(session: Session, account_id: UUID, *, actor: Actor) -> int:
    """Return how many mentions the account has not seen."""
    require(actor, Permission.READ_CONTENTS)
    mine = (mentions.c.account_id == account_id) & mentions.c.seen_at.is_(None)
    return session.scalar(select(func.count()).select_from(mentions).where(mine)) or 0
