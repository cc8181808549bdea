"""Read shared sessions, and the accounts that a session is shared with."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core.database.paging import Page, Window
from core.identity.models import AdminUser
from core.playground import queries
from core.playground.errors import PlaygroundSessionMissing
from core.playground.models import PlaygroundReplay, PlaygroundSession, PlaygroundShare
from core.playground.schemas import PlaygroundSessionView, SessionSummary
from core.playground.sharing.schemas import SessionReader


def find(session: Session, session_id: UUID, *, account: UUID) -> PlaygroundSessionView | None:
    """Return a session that an account may read: its own, or one shared with it; else None."""
    own = queries.find_row(session, session_id, owner=account)
    if own is not None:
        return queries.session_view(own)
    shared = session.execute(
        _shared_with(account).where(PlaygroundSession.id == session_id)
    ).first()
    if shared is None:
        return None
    # Unsent texts are the owner's only
    changes = {"shared_by": shared[1], "unsent_message": ""}
    return queries.session_view(shared[0]).model_copy(update=changes)


def get(session: Session, session_id: UUID, *, account: UUID) -> PlaygroundSessionView:
    """Return a session that an account may read; raise PlaygroundSessionMissing."""
    found = find(session, session_id, account=account)
    if found is None:
        raise PlaygroundSessionMissing
    return found


def find_revision(session: Session, session_id: UUID, *, account: UUID) -> int | None:
    """Return the revision of a session that an account may follow: one that it may read, or a
    column of a comparison of its own; else None.
    """
    own = queries.find_revision(session, session_id, owner=account)
    if own is not None:
        return own
    shared = _shared_with(account).where(PlaygroundSession.id == session_id)
    return session.scalar(shared.with_only_columns(PlaygroundSession.revision))


def list_shared(session: Session, *, account: UUID, window: Window) -> Page[SessionSummary]:
    """Return the sessions that others share with an account, most recent message first."""
    shared = _shared_with(account)
    total = session.scalar(shared.with_only_columns(func.count())) or 0
    latest = func.coalesce(PlaygroundSession.last_message_at, PlaygroundSession.created_at).desc()
    rows = session.execute(
        shared.order_by(latest, PlaygroundSession.id).limit(window.limit).offset(window.offset)
    )
    items = [queries.summary(row).model_copy(update={"shared_by": by}) for row, by in rows]
    return window.page(items, total)


def list_shared_replays(
    session: Session, conversation_id: UUID, *, account: UUID
) -> list[tuple[PlaygroundReplay, str]]:
    """Return the replays of a conversation that are shared with an account, the newest first, and
    the emails of their owners.
    """
    shared = _shared_with(account)
    rows = session.execute(
        shared.with_only_columns(PlaygroundReplay, AdminUser.email)
        .join(PlaygroundReplay, PlaygroundReplay.session_id == PlaygroundSession.id)
        .where(PlaygroundReplay.conversation_id == conversation_id)
        .where(PlaygroundReplay.message_id.is_not(None))
        .order_by(PlaygroundReplay.created_at.desc(), PlaygroundReplay.session_id)
    )
    return [(row, owner) for row, owner in rows]


def find_projects(session: Session, projects: Collection[str], *, account: UUID) -> set[str]:
    """Return which of these are projects of sessions that an account may read."""
    is_one = PlaygroundSession.project.in_(projects)
    own = select(PlaygroundSession.project).where(PlaygroundSession.owner == account, is_one)
    shared = _shared_with(account).with_only_columns(PlaygroundSession.project).where(is_one)
    return set(session.scalars(own.union(shared)))


def list_readers(session: Session, session_id: UUID, *, owner: UUID) -> list[SessionReader]:
    """Return the accounts that a session is shared with; raise PlaygroundSessionMissing."""
    queries.get_row(session, session_id, owner=owner)
    emails = session.scalars(
        select(AdminUser.email)
        .join(PlaygroundShare, PlaygroundShare.admin_user_id == AdminUser.id)
        .where(PlaygroundShare.session_id == session_id)
        .order_by(AdminUser.email)
    )
    return [SessionReader(email=email) for email in emails]


def _shared_with(account: UUID) -> Select[PlaygroundSession, str]:
    """Select the sessions that are shared with an account, and the emails of their owners."""
    return (
        select(PlaygroundSession, AdminUser.email)
        .join(AdminUser, AdminUser.id == PlaygroundSession.owner)
        .join(PlaygroundShare, PlaygroundShare.session_id == PlaygroundSession.id)
        .where(
            PlaygroundShare.admin_user_id == account,
            PlaygroundSession.deleted_at.is_(None),
            PlaygroundSession.in_comparison.is_(False),
        )
    )
