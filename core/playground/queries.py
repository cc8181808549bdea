"""Read playground sessions, always of one owner."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from core.database.paging import Page, Window
from core.executions.models import Execution
from core.executions.schemas import ExecutionError, ExecutionStatus
from core.playground import texts
from core.playground.errors import PlaygroundSessionMissing
from core.playground.models import PlaygroundMessage, PlaygroundSession
from core.playground.schemas import PlaygroundMessageView, PlaygroundSessionView, SessionSummary, Speaker


def _own(owner: UUID) -> ColumnElement[bool]:
    return and_(PlaygroundSession.owner == owner, PlaygroundSession.deleted_at.is_(None))


def find_row(session: Session, session_id: UUID, *, owner: UUID, lock: bool = False) -> PlaygroundSession | None:
    """Return an account's own session, held until the transaction ends with `lock`."""
    wanted = select(PlaygroundSession).where(PlaygroundSession.id == session_id, _own(owner))
    return session.scalar(wanted.with_for_update() if lock else wanted)


def get_row(session: Session, session_id: UUID, *, owner: UUID, lock: bool = False) -> PlaygroundSession:
    """Return an account's own session; raise SessionMissing."""
    row = find_row(session, session_id, owner=owner, lock=lock)
    if row is None:
        raise PlaygroundSessionMissing
    return row


def get_session(session: Session, session_id: UUID, *, owner: UUID) -> PlaygroundSessionView:
    """Return an account's own session with its draft; raise SessionMissing."""
    return session_view(get_row(session, session_id, owner=owner))


def find_newest_session(session: Session, *, owner: UUID) -> UUID | None:
    """Return the session in which the account did something last."""
    newest = select(PlaygroundSession.id).where(_own(owner)).order_by(PlaygroundSession.updated_at.desc()).limit(1)
    return session.scalar(newest)


def find_empty_session(session: Session, *, owner: UUID) -> PlaygroundSession | None:
    """Return a session of the account in which nothing has been said yet."""
    empty = (PlaygroundSession.message_count == 0, _own(owner))
    return session.scalar(select(PlaygroundSession).where(*empty).order_by(PlaygroundSession.created_at.desc()).limit(1))


def list_sessions(session: Session, *, owner: UUID, window: Window) -> Page[SessionSummary]:
    """Return an account's sessions, the one spoken in last first."""
    total = session.scalar(select(func.count()).select_from(PlaygroundSession).where(_own(owner))) or 0
    latest = func.coalesce(PlaygroundSession.last_message_at, PlaygroundSession.created_at).desc()
    rows = session.scalars(
        select(PlaygroundSession)
        .where(_own(owner))
        .order_by(latest, PlaygroundSession.id)
        .limit(window.limit)
        .offset(window.offset)
    )
    return Page([_summary(row) for row in rows], total)


def session_view(row: PlaygroundSession) -> PlaygroundSessionView:
    """Return a session with its draft."""
    return PlaygroundSessionView(**_summary(row).model_dump(), revision=row.revision, draft=texts.draft_of(row))


def _summary(row: PlaygroundSession) -> SessionSummary:
    return SessionSummary(
        session_id=row.id,
        name=texts.name_of(row),
        message_count=row.message_count,
        execution_count=row.execution_count,
        total_cost=row.total_cost,
        created_at=row.created_at,
        last_message_at=row.last_message_at,
        has_custom_prompt=row.has_custom_prompt,
    )


def list_messages(session: Session, session_id: UUID, *, window: Window | None = None) -> list[PlaygroundMessageView]:
    """Return a session's messages in order; whether it is one's own, the caller has asked before."""
    wanted = (
        select(PlaygroundMessage, Execution)
        .outerjoin(Execution, Execution.id == PlaygroundMessage.execution_id)
        .where(PlaygroundMessage.session_id == session_id)
        .order_by(PlaygroundMessage.position)
    )
    if window is not None:
        wanted = wanted.limit(window.limit).offset(window.offset)
    return [message_view(message, execution) for message, execution in session.execute(wanted)]


def list_messages_since(session: Session, session_id: UUID, revision: int) -> list[PlaygroundMessageView]:
    """Return the messages that changed after a revision, in the order of their change."""
    wanted = (
        select(PlaygroundMessage, Execution)
        .outerjoin(Execution, Execution.id == PlaygroundMessage.execution_id)
        .where(PlaygroundMessage.session_id == session_id, PlaygroundMessage.revision > revision)
        .order_by(PlaygroundMessage.revision, PlaygroundMessage.position)
    )
    return [message_view(message, execution) for message, execution in session.execute(wanted)]


def find_revision(session: Session, session_id: UUID, *, owner: UUID) -> int | None:
    """Return the revision of an account's own session."""
    return session.scalar(select(PlaygroundSession.revision).where(PlaygroundSession.id == session_id, _own(owner)))


def find_pending(session: Session, session_id: UUID) -> PlaygroundMessage | None:
    """Return the answer that is being written in a session."""
    pending = (PlaygroundMessage.session_id == session_id, PlaygroundMessage.status == ExecutionStatus.PENDING)
    return session.scalar(select(PlaygroundMessage).where(*pending))


def find_pending_view(session: Session, session_id: UUID) -> PlaygroundMessageView | None:
    """Return the answer that is being written in a session, as a reader sees it."""
    row = find_pending(session, session_id)
    return message_view(row, None) if row is not None else None


def message_view(row: PlaygroundMessage, execution: Execution | None) -> PlaygroundMessageView:
    """Return a message with the figures of its execution."""
    return PlaygroundMessageView(
        id=row.id,
        role=Speaker(row.role),
        content=texts.content_of(row),
        job_id=row.job_id,
        status=ExecutionStatus(row.status) if row.status else None,
        custom_prompt=texts.custom_prompt_of(row),
        service_used=row.service_used,
        response_time_ms=row.response_time_ms,
        first_token_ms=execution.first_token_ms if execution else None,
        total_tokens=execution.total_tokens if execution else None,
        tokens_estimated=execution.tokens_estimated if execution else False,
        cost_usd=execution.cost_usd if execution else None,
        finish_reason=execution.finish_reason if execution else None,
        error=ExecutionError(**execution.error) if execution and execution.error else None,
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
