"""Read playground sessions, of one owner each."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from core.database.paging import Page, Window
from core.executions import encrypted_texts as executions_texts
from core.executions.models import Execution
from core.executions.schemas import ExecutionError, ExecutionStatus, ToolExecution
from core.playground import encrypted_texts
from core.playground.errors import PlaygroundSessionMissing
from core.playground.models import PlaygroundMessage, PlaygroundSession
from core.playground.schemas import (
    PlaygroundMessageView,
    PlaygroundSessionView,
    SessionSummary,
    Speaker,
)
from core.providers.schemas import ChatMessage, MessageRole


def _is_owned_by(owner: UUID) -> ColumnElement[bool]:
    return and_(PlaygroundSession.owner == owner, PlaygroundSession.deleted_at.is_(None))


def find_row(
    session: Session, session_id: UUID, *, owner: UUID, lock: bool = False
) -> PlaygroundSession | None:
    """Return a session of this owner, or None; `lock` locks its row until the transaction ends."""
    query = select(PlaygroundSession).where(PlaygroundSession.id == session_id, _is_owned_by(owner))
    return session.scalar(query.with_for_update() if lock else query)


def get_row(
    session: Session, session_id: UUID, *, owner: UUID, lock: bool = False
) -> PlaygroundSession:
    """Return a session of this owner; raise PlaygroundSessionMissing."""
    row = find_row(session, session_id, owner=owner, lock=lock)
    if row is None:
        raise PlaygroundSessionMissing
    return row


def get_session(session: Session, session_id: UUID, *, owner: UUID) -> PlaygroundSessionView:
    """Return the view of a session with its draft; raise PlaygroundSessionMissing."""
    return session_view(get_row(session, session_id, owner=owner))


def find_newest_session(session: Session, *, owner: UUID) -> UUID | None:
    """Return the ID of the account's most recently changed session, or None."""
    newest = (
        select(PlaygroundSession.id)
        .where(_is_owned_by(owner))
        .order_by(PlaygroundSession.updated_at.desc())
        .limit(1)
    )
    return session.scalar(newest)


def find_empty_session(session: Session, *, owner: UUID) -> PlaygroundSession | None:
    """Return the account's newest session without messages, or None."""
    empty = (PlaygroundSession.message_count == 0, _is_owned_by(owner))
    return session.scalar(
        select(PlaygroundSession)
        .where(*empty)
        .order_by(PlaygroundSession.created_at.desc())
        .limit(1)
    )


def list_sessions(session: Session, *, owner: UUID, window: Window) -> Page[SessionSummary]:
    """Return an account's sessions, most recent message first."""
    total = (
        session.scalar(
            select(func.count()).select_from(PlaygroundSession).where(_is_owned_by(owner))
        )
        or 0
    )
    latest = func.coalesce(PlaygroundSession.last_message_at, PlaygroundSession.created_at).desc()
    rows = session.scalars(
        select(PlaygroundSession)
        .where(_is_owned_by(owner))
        .order_by(latest, PlaygroundSession.id)
        .limit(window.limit)
        .offset(window.offset)
    )
    return window.page([_summary(row) for row in rows], total)


def session_view(row: PlaygroundSession) -> PlaygroundSessionView:
    return PlaygroundSessionView(
        **_summary(row).model_dump(), revision=row.revision, draft=encrypted_texts.draft_of(row)
    )


def _summary(row: PlaygroundSession) -> SessionSummary:
    return SessionSummary(
        session_id=row.id,
        name=encrypted_texts.name_of(row),
        message_count=row.message_count,
        execution_count=row.execution_count,
        total_cost=row.total_cost,
        created_at=row.created_at,
        last_message_at=row.last_message_at,
        has_custom_prompt=row.has_custom_prompt,
        metadata=encrypted_texts.metadata_of(row),
    )


def list_messages(
    session: Session, session_id: UUID, *, window: Window | None = None
) -> list[PlaygroundMessageView]:
    """Return a session's messages in order. The caller has checked the owner."""
    query = (
        select(PlaygroundMessage, Execution)
        .outerjoin(Execution, Execution.id == PlaygroundMessage.execution_id)
        .where(PlaygroundMessage.session_id == session_id)
        .order_by(PlaygroundMessage.position)
    )
    if window is not None:
        query = query.limit(window.limit).offset(window.offset)
    return [message_view(message, execution) for message, execution in session.execute(query)]


def list_sendable_messages(session: Session, session_id: UUID) -> tuple[ChatMessage, ...]:
    """Return a session's messages for a model, without failed and empty answers."""
    return tuple(
        ChatMessage(role=MessageRole(message.role.value), content=message.content)
        for message in list_messages(session, session_id)
        if message.content and message.status is not ExecutionStatus.FAILED
    )


def has_untrusted_results(session: Session, session_id: UUID) -> bool:
    """Return whether a tool has answered with texts of others anywhere in a session."""
    called = (Execution.session_id == session_id, Execution.tool_executions.is_not(None))
    executions = session.scalars(select(Execution).where(*called))
    return any(call.is_untrusted for it in executions for call in _tools_of(it))


def _tools_of(execution: Execution) -> list[ToolExecution]:
    return executions_texts.open_tools(execution.tool_executions, execution.id)


def list_messages_since(
    session: Session, session_id: UUID, revision: int
) -> list[PlaygroundMessageView]:
    """Return the messages that changed after a revision, in the order of their changes."""
    query = (
        select(PlaygroundMessage, Execution)
        .outerjoin(Execution, Execution.id == PlaygroundMessage.execution_id)
        .where(PlaygroundMessage.session_id == session_id, PlaygroundMessage.revision > revision)
        .order_by(PlaygroundMessage.revision, PlaygroundMessage.position)
    )
    return [message_view(message, execution) for message, execution in session.execute(query)]


def find_revision(session: Session, session_id: UUID, *, owner: UUID) -> int | None:
    """Return the revision of a session of this owner, or None."""
    return session.scalar(
        select(PlaygroundSession.revision).where(
            PlaygroundSession.id == session_id, _is_owned_by(owner)
        )
    )


def find_pending(session: Session, session_id: UUID) -> PlaygroundMessage | None:
    """Return the pending answer of a session, or None."""
    pending = (
        PlaygroundMessage.session_id == session_id,
        PlaygroundMessage.status == ExecutionStatus.PENDING,
    )
    return session.scalar(select(PlaygroundMessage).where(*pending))


def find_pending_view(session: Session, session_id: UUID) -> PlaygroundMessageView | None:
    """Return the view of the pending answer of a session, or None."""
    row = find_pending(session, session_id)
    return message_view(row, None) if row is not None else None


def message_view(row: PlaygroundMessage, execution: Execution | None) -> PlaygroundMessageView:
    """Return the view of a message, with the figures of its execution."""
    fallen_back = execution if execution and execution.fallback_for else None
    return PlaygroundMessageView(
        id=row.id,
        role=Speaker(row.role),
        content=encrypted_texts.content_of(row),
        job_id=row.job_id,
        status=ExecutionStatus(row.status) if row.status else None,
        custom_prompt=encrypted_texts.custom_prompt_of(row),
        service_used=fallen_back.model_id if fallen_back else row.service_used,
        fallback_for=fallen_back.fallback_for if fallen_back else None,
        response_time_ms=row.response_time_ms,
        first_token_ms=execution.first_token_ms if execution else None,
        total_tokens=execution.total_tokens if execution else None,
        tokens_estimated=execution.tokens_estimated if execution else False,
        cost_usd=execution.cost_usd if execution else None,
        finish_reason=execution.finish_reason if execution else None,
        error=ExecutionError(**execution.error) if execution and execution.error else None,
        tool_executions=_tools_of(execution) if execution else [],
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
