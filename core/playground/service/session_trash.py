"""Deleted sessions: restored by their owners, or deleted for good."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.database import settings
from core.database.db import transaction
from core.database.paging import Page, Window
from core.executions.service import text_removal
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform import clock
from core.playground import message_rows, queries
from core.playground.errors import PlaygroundSessionMissing
from core.playground.models import (
    PlaygroundMessage,
    PlaygroundReplay,
    PlaygroundSession,
    PlaygroundShare,
)
from core.playground.schemas import PlaygroundSessionView, TrashedSession
from core.playground.service import sessions

AT_ONCE = 500


def list_trash(session: Session, *, owner: UUID, window: Window) -> Page[TrashedSession]:
    """Return an account's deleted sessions, the last deleted first."""
    mine = (PlaygroundSession.owner == owner, PlaygroundSession.in_trash)
    total = session.scalar(select(func.count()).select_from(PlaygroundSession).where(*mine)) or 0
    rows = session.scalars(
        select(PlaygroundSession)
        .where(*mine)
        .order_by(PlaygroundSession.deleted_at.desc(), PlaygroundSession.id)
        .limit(window.limit)
        .offset(window.offset)
    )
    kept = kept_for(session)
    return window.page([_trashed(row, kept) for row in rows], total)


def _trashed(row: PlaygroundSession, kept: timedelta) -> TrashedSession:
    deleted_at = row.deleted_at or row.updated_at
    return TrashedSession(
        **dict(queries.summary(row)), deleted_at=deleted_at, erased_after=deleted_at + kept
    )


def kept_for(session: Session) -> timedelta:
    """Return how long deleted sessions can be restored."""
    return timedelta(days=settings.read(session, settings.Retention).session_trash_days)


def restore(session: Session, session_id: UUID, *, actor: Actor) -> PlaygroundSessionView:
    """Take a session of the actor out of the trash; raise PlaygroundSessionMissing."""
    require(actor, Permission.RUN_MODELS)
    row = _get(session, session_id, owner=actor.id, lock=True)
    row.deleted_at, row.in_trash = None, False
    message_rows.touch(session, row)
    audit.record(session, "playground.restore", actor, targets={"session_id": str(session_id)})
    return queries.session_view(row)


def erase(session: Session, session_id: UUID, *, actor: Actor) -> None:
    """Delete a session of the actor for good, in the trash or not; the costs of its calls stay.

    Raises PlaygroundSessionMissing or AnswerPending.
    """
    require(actor, Permission.RUN_MODELS)
    if queries.find_row(session, session_id, owner=actor.id) is not None:
        sessions.remove(session, session_id, actor=actor)
    _erase(session, session_id, owner=actor.id)
    audit.record(session, "playground.erase", actor, targets={"session_id": str(session_id)})


def erase_expired() -> None:
    """Delete for good what has been in the trash for too long, each session in a transaction."""
    while expired := _expired():
        for session_id, owner in expired:
            # Its owner may have restored or deleted it meanwhile
            with suppress(PlaygroundSessionMissing), transaction() as session:
                _erase(session, session_id, owner=owner)


def _expired() -> list[tuple[UUID, UUID]]:
    with transaction() as session:
        before = clock.now() - kept_for(session)
        rows = session.execute(
            select(PlaygroundSession.id, PlaygroundSession.owner)
            .where(PlaygroundSession.in_trash, PlaygroundSession.deleted_at < before)
            .limit(AT_ONCE)
        )
        return [(row.id, row.owner) for row in rows]


def _erase(session: Session, session_id: UUID, *, owner: UUID) -> None:
    _get(session, session_id, owner=owner)
    # Executions are locked before sessions, everywhere; a session restored meanwhile is missing,
    # which rolls this back.
    text_removal.remove_texts(session, session_id)
    row = _get(session, session_id, owner=owner, lock=True)
    for table in (PlaygroundMessage, PlaygroundReplay, PlaygroundShare):
        session.execute(delete(table).where(table.session_id == session_id))
    row.in_trash, row.name, row.description, row.draft = False, None, None, None
    row.unsent_message, row.sender_metadata, row.project, row.tags = None, None, None, []
    session.flush()


def _get(
    session: Session, session_id: UUID, *, owner: UUID, lock: bool = False
) -> PlaygroundSession:
    query = select(PlaygroundSession).where(
        PlaygroundSession.id == session_id,
        PlaygroundSession.owner == owner,
        PlaygroundSession.in_trash,
    )
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise PlaygroundSessionMissing
    return row
