"""Read playground sessions, of one owner each."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    and_,
    any_,
    cast,
    exists,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy.orm import Session

from core.attachments import queries as attachments
from core.attachments.schemas import AttachmentView, FileForm, ModelFile
from core.database.paging import Page, Window
from core.executions import encrypted_texts as executions_texts
from core.executions.models import Execution
from core.executions.schemas import MAX_TEXT_CHARS, ExecutionError, ExecutionStatus
from core.playground import encrypted_texts
from core.playground.attached_files import user_message
from core.playground.errors import PlaygroundSessionMissing
from core.playground.models import PlaygroundMessage, PlaygroundReplay, PlaygroundSession
from core.playground.schemas import (
    AnswerFeedback,
    PlaygroundMessageView,
    PlaygroundSessionView,
    SessionSummary,
    Speaker,
    Thumbs,
)
from core.providers.schemas import ChatMessage, MessageRole


def _is_owned_by(owner: UUID, *, in_comparison: bool = False) -> ColumnElement[bool]:
    return and_(
        PlaygroundSession.owner == owner,
        PlaygroundSession.deleted_at.is_(None),
        PlaygroundSession.in_comparison.is_(in_comparison),
    )


def find_row(
    session: Session,
    session_id: UUID,
    *,
    owner: UUID,
    lock: bool = False,
    in_comparison: bool = False,
) -> PlaygroundSession | None:
    """Return a session of this owner, or None; `lock` locks its row until the transaction ends.

    The columns of a comparison are found with `in_comparison` only.
    """
    query = select(PlaygroundSession).where(
        PlaygroundSession.id == session_id, _is_owned_by(owner, in_comparison=in_comparison)
    )
    return session.scalar(query.with_for_update() if lock else query)


def get_row(
    session: Session,
    session_id: UUID,
    *,
    owner: UUID,
    lock: bool = False,
    in_comparison: bool = False,
) -> PlaygroundSession:
    """Return a session of this owner; raise PlaygroundSessionMissing."""
    row = find_row(session, session_id, owner=owner, lock=lock, in_comparison=in_comparison)
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
    """Return the account's newest session without messages, typed text and details, or None."""
    table = PlaygroundSession
    # A program may have created one with metadata alone, for messages that are to come
    details = (table.name, table.description, table.project, table.sender_metadata)
    has_details = or_(
        *(column.is_not(None) for column in (*details, table.unsent_message)),
        table.tags != [],
    )
    empty = (table.message_count == 0, _is_owned_by(owner), not_(has_details))
    return session.scalar(
        select(PlaygroundSession)
        .where(*empty)
        .order_by(PlaygroundSession.created_at.desc())
        .limit(1)
    )


def list_sessions(
    session: Session, *, owner: UUID, window: Window, feedback: AnswerFeedback | None = None
) -> Page[SessionSummary]:
    """Return an account's sessions, those with a kind of feedback, most recent message first."""
    listed = [_is_owned_by(owner), *([_has_feedback(feedback)] if feedback else [])]
    total = session.scalar(select(func.count()).select_from(PlaygroundSession).where(*listed)) or 0
    latest = func.coalesce(PlaygroundSession.last_message_at, PlaygroundSession.created_at).desc()
    rows = session.scalars(
        select(PlaygroundSession)
        .where(*listed)
        .order_by(latest, PlaygroundSession.id)
        .limit(window.limit)
        .offset(window.offset)
    )
    return window.page([summary(row) for row in rows], total)


def _has_feedback(feedback: AnswerFeedback) -> ColumnElement[bool]:
    given = {
        AnswerFeedback.THUMBS_UP: PlaygroundMessage.rating == Thumbs.UP,
        AnswerFeedback.THUMBS_DOWN: PlaygroundMessage.rating == Thumbs.DOWN,
        AnswerFeedback.NOTE: PlaygroundMessage.note.is_not(None),
    }
    return exists().where(PlaygroundMessage.session_id == PlaygroundSession.id, given[feedback])


def session_view(row: PlaygroundSession) -> PlaygroundSessionView:
    return PlaygroundSessionView(
        **summary(row).model_dump(),
        revision=row.revision,
        draft=encrypted_texts.draft_of(row),
        unsent_message=encrypted_texts.unsent_message_of(row),
    )


def summary(row: PlaygroundSession) -> SessionSummary:
    return SessionSummary(
        session_id=row.id,
        name=encrypted_texts.name_of(row),
        description=encrypted_texts.description_of(row),
        project=row.project,
        tags=row.tags,
        message_count=row.message_count,
        execution_count=row.execution_count,
        total_cost=row.total_cost,
        created_at=row.created_at,
        last_message_at=row.last_message_at,
        last_executed=row.last_executed_at,
        has_custom_prompt=row.has_custom_prompt,
        is_shared=row.is_shared,
        metadata=encrypted_texts.metadata_of(row),
    )


def find_replay(session: Session, session_id: UUID) -> PlaygroundReplay | None:
    """Return which answer of a conversation a session replays, or None."""
    return session.get(PlaygroundReplay, session_id)


def list_messages(
    session: Session, session_id: UUID, *, positions: Sequence[int] | None = None
) -> list[PlaygroundMessageView]:
    """Return a session's messages of all branches in order, or those at `positions`. The caller
    has checked the owner.
    """
    query = (
        select(PlaygroundMessage, Execution)
        .outerjoin(Execution, Execution.id == PlaygroundMessage.execution_id)
        .where(PlaygroundMessage.session_id == session_id)
        .order_by(PlaygroundMessage.position)
    )
    if positions is not None:
        wanted = cast(list(positions), ARRAY(Integer))
        query = query.where(PlaygroundMessage.position == any_(wanted))
    files = attachments.list_views(session, session_id)
    return [
        message_view(message, execution, files.get(message.id, ()))
        for message, execution in session.execute(query)
    ]


def sendable(
    messages: Iterable[PlaygroundMessageView],
    files: Mapping[UUID, Sequence[ModelFile]] = MappingProxyType({}),
    form: FileForm = FileForm.NAMES,
) -> tuple[ChatMessage, ...]:
    """Return messages with their files for a model, without failed and empty answers."""
    return tuple(
        _sendable(message, files.get(message.id, ()), form)
        for message in messages
        if message.content and message.status is not ExecutionStatus.FAILED
    )


def _sendable(
    message: PlaygroundMessageView, files: Sequence[ModelFile], form: FileForm
) -> ChatMessage:
    # Services may answer with more than a model takes
    if message.role is Speaker.USER:
        return user_message(message.content, files, form, max_chars=MAX_TEXT_CHARS)
    return ChatMessage(role=MessageRole.ASSISTANT, content=message.content[:MAX_TEXT_CHARS])


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
    """Return the revision of a session of this owner, in a comparison or not, or None."""
    is_own = (PlaygroundSession.owner == owner, PlaygroundSession.deleted_at.is_(None))
    return session.scalar(
        select(PlaygroundSession.revision).where(PlaygroundSession.id == session_id, *is_own)
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


def message_view(
    row: PlaygroundMessage, execution: Execution | None, files: Iterable[AttachmentView] = ()
) -> PlaygroundMessageView:
    """Return the view of a message, with its files and the figures of its execution."""
    fallen_back = execution if execution and execution.fallback_for else None
    return PlaygroundMessageView(
        id=row.id,
        role=Speaker(row.role),
        content=encrypted_texts.content_of(row),
        attachments=list(files),
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
        tool_executions=executions_texts.open_tools(execution.tool_executions, execution.id)
        if execution
        else [],
        is_by_service=execution is not None and execution.service_id is not None,
        late=execution.late if execution else False,
        rating=Thumbs(row.rating) if row.rating else None,
        note=encrypted_texts.note_of(row),
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
