"""Begin, change and remove playground sessions; each change notifies open pages."""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from core.executions.service import text_removal
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform import clock
from core.platform.ids import new_id
from core.playground import encrypted_texts, message_rows, queries
from core.playground.errors import AnswerPending
from core.playground.models import PlaygroundMessage, PlaygroundReplay, PlaygroundSession
from core.playground.schemas import Draft, PlaygroundSessionView, SessionDetails, UnsentMessage
from core.playground.service import answers


def open_session(
    session: Session, *, actor: Actor, draft: Draft | None = None
) -> PlaygroundSessionView:
    """Return an empty session of the actor, or a new one, with `draft` stored when given."""
    require(actor, Permission.RUN_MODELS)
    # Each visit would else leave an empty session behind
    row = queries.find_empty_session(session, owner=actor.id) or message_rows.create(
        session, new_id(), actor
    )
    if draft is not None:
        message_rows.store_draft(row, draft)
    row.updated_at = clock.now()
    session.flush()
    return queries.session_view(row)


def create(session: Session, details: SessionDetails, *, actor: Actor) -> PlaygroundSessionView:
    """Add an empty session with these details."""
    require(actor, Permission.RUN_MODELS)
    row = message_rows.create(session, new_id(), actor)
    _store_details(row, details)
    session.flush()
    return queries.session_view(row)


def change_details(
    session: Session, session_id: UUID, details: SessionDetails, *, actor: Actor
) -> PlaygroundSessionView:
    """Store the given details of a session; raise PlaygroundSessionMissing."""
    require(actor, Permission.RUN_MODELS)
    row = queries.get_row(session, session_id, owner=actor.id, lock=True)
    _store_details(row, details)
    message_rows.touch(session, row)
    return queries.session_view(row)


def _store_details(row: PlaygroundSession, details: SessionDetails) -> None:
    given = details.model_dump(exclude_unset=True)
    for column in ("name", "description"):
        if column in given:
            text = given[column] or None
            envelope = text and encrypted_texts.seal(text, encrypted_texts.SESSIONS, column, row.id)
            setattr(row, column, envelope)
    if "project" in given:
        row.project = given["project"] or None
    if "tags" in given:
        row.tags = list(given["tags"])
    if "metadata" in given:
        metadata = given["metadata"]
        row.sender_metadata = encrypted_texts.seal_metadata(metadata, row.id) if metadata else None


def save_draft(session: Session, session_id: UUID, draft: Draft, *, actor: Actor) -> None:
    """Store a session's draft; raise PlaygroundSessionMissing."""
    require(actor, Permission.RUN_MODELS)
    row = queries.get_row(session, session_id, owner=actor.id, lock=True)
    message_rows.store_draft(row, draft)


def save_unsent(session: Session, session_id: UUID, unsent: UnsentMessage, *, actor: Actor) -> None:
    """Store what is in the message field of a session; raise PlaygroundSessionMissing."""
    require(actor, Permission.RUN_MODELS)
    row = queries.get_row(session, session_id, owner=actor.id, lock=True)
    text, column = unsent.message, "unsent_message"
    row.unsent_message = (
        encrypted_texts.seal(text, encrypted_texts.SESSIONS, column, row.id) if text else None
    )


def clear(session: Session, session_id: UUID, *, actor: Actor) -> None:
    """Remove every message of a session and the texts of its executions; the session stays.

    Raises AnswerPending when a message was sent at the same time.
    """
    row = _remove_messages(session, session_id, actor)
    row.name, row.sender_metadata, row.message_count, row.last_message_at = None, None, 0, None
    row.leaf_position = None
    session.execute(delete(PlaygroundReplay).where(PlaygroundReplay.session_id == session_id))
    message_rows.touch(session, row)
    audit.record(session, "playground.clear", actor, targets={"session_id": str(session_id)})


def remove(session: Session, session_id: UUID, *, actor: Actor) -> None:
    """Move a session to the trash, and stop its answer; it is missing for all accounts.

    Raises AnswerPending when a message was sent at the same time.
    """
    row = _stopped(session, session_id, actor)
    row.deleted_at, row.in_trash = clock.now(), True
    message_rows.touch(session, row)
    audit.record(session, "playground.delete", actor, targets={"session_id": str(session_id)})


def erase_column(session: Session, session_id: UUID, *, actor: Actor) -> None:
    """Delete a session of a comparison for good; the costs of its calls stay.

    Raises AnswerPending when a message was sent at the same time.
    """
    row = _remove_messages(session, session_id, actor, in_comparison=True)
    row.deleted_at, row.name, row.draft, row.sender_metadata = clock.now(), None, None, None
    message_rows.touch(session, row)
    audit.record(session, "playground.delete", actor, targets={"session_id": str(session_id)})


def _remove_messages(
    session: Session, session_id: UUID, actor: Actor, *, in_comparison: bool = False
) -> PlaygroundSession:
    row = _stopped(session, session_id, actor, in_comparison=in_comparison)
    session.execute(delete(PlaygroundMessage).where(PlaygroundMessage.session_id == session_id))
    text_removal.remove_texts(session, session_id)
    return row


def _stopped(
    session: Session, session_id: UUID, actor: Actor, *, in_comparison: bool = False
) -> PlaygroundSession:
    """Stop a session's answer, and return its locked row; raise AnswerPending."""
    # Before the session is locked: executions are locked first, everywhere
    answers.stop(session, session_id, actor=actor, in_comparison=in_comparison)
    row = queries.get_row(
        session, session_id, owner=actor.id, lock=True, in_comparison=in_comparison
    )
    new_answer = queries.find_pending(session, session_id)
    if new_answer is not None and new_answer.execution_id is not None:
        raise AnswerPending
    return row
