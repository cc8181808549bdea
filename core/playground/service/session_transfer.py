"""Export a session, and import one as a new session of the actor."""

from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import Forbidden
from core.executions.schemas import ExecutionStatus
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.playground import encrypted_texts, message_rows, queries, session_files
from core.playground.branches import queries as shown
from core.playground.models import PlaygroundSession
from core.playground.schemas import PlaygroundSessionView, Speaker
from core.playground.service import sessions
from core.playground.session_files import MessageFile, SessionFile, SessionFormat
from core.playground.session_names import name_from


def export(
    session: Session, session_id: UUID, format_: SessionFormat, *, actor: Actor
) -> tuple[str, str]:
    """Return the name of a session's file, without its ending, and its text.

    Raises PlaygroundSessionMissing or Forbidden.
    """
    require(actor, Permission.RUN_MODELS)
    view = queries.get_session(session, session_id, owner=actor.id)
    if not may_export(session, session_id, actor=actor):
        raise Forbidden
    targets = {"session_id": str(session_id), "format": format_}
    audit.record(session, "playground.export", actor, targets=targets)
    messages = queries.list_messages(session, session_id)
    tree = shown.read_tree(session, session_id)
    if format_ is SessionFormat.JSON:
        leaf = shown.leaf_of(session, session_id, tree)
        text = session_files.as_file(view, messages, tree, leaf).model_dump_json(
            indent=2, exclude_none=True, exclude_unset=True
        )
    elif format_ is SessionFormat.MARKDOWN:
        text = "".join(session_files.as_markdown(view, messages, tree))
    else:
        text = "".join(session_files.as_csv(messages, tree))
    return session_files.file_name(view), text


def may_export(session: Session, session_id: UUID, *, actor: Actor) -> bool:
    """Whether the actor may export this session: a replay of a conversation, or of a case of one,
    has messages of its user, which only accounts that may export annotations export.
    """
    if may(actor, Permission.EXPORT_ANNOTATIONS):
        return True
    replay = queries.find_replay(session, session_id)
    if replay is None:
        return True
    # Stored with the case: its dataset may have been removed, and its evaluation, too
    case = encrypted_texts.case_of(replay)
    return case is not None and not case.is_from_users


def import_session(session: Session, file: SessionFile, *, actor: Actor) -> PlaygroundSessionView:
    """Add a session with the details, settings and messages of a file.

    Its messages cost nothing here: no call belongs to them.
    """
    made = sessions.create(session, file.details, actor=actor)
    draft = file.draft
    if draft.custom_prompt:
        # Tools that change data then wait for a confirmation
        draft = draft.model_copy(update={"has_prompt_of_others": True})
    sessions.save_draft(session, made.session_id, draft, actor=actor)
    row = queries.get_row(session, made.session_id, owner=actor.id, lock=True)
    if file.metadata is not None:
        row.sender_metadata = encrypted_texts.seal_metadata(file.metadata, row.id)
    if file.messages:
        _add_messages(session, row, file.messages, file.leaf, actor)
    return queries.session_view(row)


def _add_messages(
    session: Session,
    row: PlaygroundSession,
    messages: tuple[MessageFile, ...],
    leaf: int | None,
    actor: Actor,
) -> None:
    message_rows.touch(session, row, messages=len(messages))
    if row.name is None:
        name = name_from(messages[0].content) or "Imported session"
        row.name = encrypted_texts.seal(name, encrypted_texts.SESSIONS, "name", row.id)
    for position, message in enumerate(messages, 1):
        _add(session, row, message, position, actor)
    row.leaf_position = leaf


def _add(
    session: Session, row: PlaygroundSession, message: MessageFile, position: int, actor: Actor
) -> None:
    added = message_rows.add(
        session,
        row,
        actor,
        role=message.role,
        content=message.content,
        position=position,
        parent=position - 1 if message.parent is None else message.parent,
        custom_prompt=message.custom_prompt,
        service_used=message.service_used,
        response_time_ms=message.response_time_ms,
        status=_ended(message),
    )
    if message.role is Speaker.ASSISTANT:
        added.rating = message.rating
        added.note = encrypted_texts.seal_note(message.note, added.id)
    if message.created_at is not None:
        added.created_at = message.created_at


def _ended(message: MessageFile) -> ExecutionStatus | None:
    """Return the status of an imported message: nothing writes at a pending answer any more."""
    if message.role is Speaker.USER:
        return None
    status = message.status or ExecutionStatus.COMPLETED
    return ExecutionStatus.CANCELLED if status is ExecutionStatus.PENDING else status
