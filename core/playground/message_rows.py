"""Add sessions and messages with their texts encrypted, and notify open pages of changes."""

from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.database import bus
from core.executions.schemas import ExecutionStatus
from core.identity.schemas import Actor
from core.platform import clock
from core.platform.ids import new_id
from core.playground import encrypted_texts, queries
from core.playground.errors import PlaygroundSessionMissing
from core.playground.models import PlaygroundMessage, PlaygroundSession
from core.playground.schemas import Draft, Speaker


def topic(session_id: UUID) -> str:
    """Return the bus topic of a session's changes."""
    return f"playground {session_id}"


def touch(session: Session, row: PlaygroundSession, *, messages: int = 0) -> int:
    """Raise the session's revision, notify open pages, and return it."""
    row.revision += 1
    row.message_count += messages
    row.updated_at = clock.now()
    if messages:  # the newest is shown
        row.last_message_at, row.leaf_position = row.updated_at, None
    session.flush()
    bus.publish(session, topic(row.id), revision=row.revision)
    return row.revision


def create(session: Session, session_id: UUID, actor: Actor) -> PlaygroundSession:
    """Add an empty session; raise PlaygroundSessionMissing when the ID is taken."""
    row = PlaygroundSession(id=session_id, owner=actor.id)
    try:
        # A savepoint, because an ID that is taken must not end the caller's transaction
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        # It belongs to another account or is deleted; the caller must not learn which.
        raise PlaygroundSessionMissing from None
    session.refresh(row)
    return row


def lock_or_create(session: Session, session_id: UUID | None, actor: Actor) -> PlaygroundSession:
    """Return a session of the actor, locked, or a new one."""
    if session_id is None:
        return create(session, new_id(), actor)
    row = queries.find_row(session, session_id, owner=actor.id, lock=True)
    if row is not None:
        return row
    try:
        return create(session, session_id, actor)
    except PlaygroundSessionMissing:  # or the same account has just created it
        return queries.get_row(session, session_id, owner=actor.id, lock=True)


def store_draft(row: PlaygroundSession, draft: Draft) -> None:
    """Set the draft of a session that the caller has locked; a prompt of others stays marked."""
    # While a session is marked, tools that change data wait for a confirmation.
    if encrypted_texts.draft_of(row).has_prompt_of_others:
        draft = draft.model_copy(update={"has_prompt_of_others": True})
    row.draft = encrypted_texts.seal(
        draft.model_dump_json(exclude_none=True), encrypted_texts.SESSIONS, "draft", row.id
    )
    row.has_custom_prompt = bool(draft.custom_prompt)


def add_pending(
    session: Session,
    row: PlaygroundSession,
    actor: Actor,
    execution_id: UUID,
    *,
    answered_by: str,
    custom_prompt: str | None,
    parent: int,
) -> PlaygroundMessage:
    """Add the message of an answer that is to come, as the newest one, after `parent`."""
    row.last_executed_at = clock.now()
    return add(
        session,
        row,
        actor,
        role=Speaker.ASSISTANT,
        content="",
        position=row.message_count,
        parent=parent,
        job_id=str(execution_id),
        execution_id=execution_id,
        status=ExecutionStatus.PENDING,
        custom_prompt=custom_prompt,
        service_used=answered_by,
    )


def add(
    session: Session,
    row: PlaygroundSession,
    actor: Actor,
    *,
    role: Speaker,
    content: str,
    position: int,
    parent: int,
    custom_prompt: str | None = None,
    **facts: Any,  # noqa: ANN401  columns
) -> PlaygroundMessage:
    """Add a message to a session whose revision and count have been raised for it; the first has
    the position 1. It follows the one at `parent`, or none for 0.
    """
    id_, created_at = new_id(), clock.now()
    message = PlaygroundMessage(
        id=id_,
        admin_user_id=actor.id,
        session_id=row.id,
        position=position,
        parent_position=None if parent == position - 1 else parent,
        role=role,
        content=encrypted_texts.seal(content, encrypted_texts.MESSAGES, "content", id_),
        custom_prompt=encrypted_texts.seal(
            custom_prompt, encrypted_texts.MESSAGES, "custom_prompt", id_
        )
        if custom_prompt
        else None,
        revision=row.revision,
        created_at=created_at,
        updated_at=created_at,
        **facts,
    )
    session.add(message)
    session.flush()
    return message
