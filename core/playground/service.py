"""Changes of playground sessions; each raises the session's revision and notifies open pages."""

from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.database import bus, settings
from core.database.db import after_commit
from core.executions import queries as executions_queries
from core.executions.models import Execution
from core.executions.runner import current
from core.executions.schemas import MAX_MESSAGES, ExecutionStatus, NewExecution
from core.executions.service import executions, text_removal
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform import clock
from core.platform.ids import new_id
from core.playground import encrypted_texts, queries
from core.playground.errors import AnswerPending, NoModel, PlaygroundSessionMissing
from core.playground.models import PlaygroundMessage, PlaygroundSession
from core.playground.schemas import (
    Draft,
    NewPlaygroundMessage,
    PlaygroundSessionView,
    SentMessage,
    Speaker,
)
from core.playground.session_names import name_from
from core.prompts.service.default_prompt import read_default_prompt
from core.providers import catalogue
from core.tools.toolboxes import toolbox_for


def topic(session_id: UUID) -> str:
    """Return the bus topic of a session's changes."""
    return f"playground {session_id}"


def open_session(
    session: Session, *, actor: Actor, draft: Draft | None = None
) -> PlaygroundSessionView:
    """Return an empty session of the actor, or a new one, with `draft` stored when given."""
    require(actor, Permission.RUN_MODELS)
    row = queries.find_empty_session(session, owner=actor.id) or _create(session, new_id(), actor)
    if draft is not None:
        _store_draft(row, draft)
    row.updated_at = clock.now()
    session.flush()
    return queries.session_view(row)


def _create(session: Session, session_id: UUID, actor: Actor) -> PlaygroundSession:
    row = PlaygroundSession(id=session_id, owner=actor.id)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        # It belongs to another account or is deleted; the caller must not learn which.
        raise PlaygroundSessionMissing from None
    session.refresh(row)
    return row


def save_draft(session: Session, session_id: UUID, draft: Draft, *, actor: Actor) -> None:
    """Store a session's draft; raise PlaygroundSessionMissing."""
    require(actor, Permission.RUN_MODELS)
    _store_draft(queries.get_row(session, session_id, owner=actor.id, lock=True), draft)


def _store_draft(row: PlaygroundSession, draft: Draft) -> None:
    row.draft = encrypted_texts.seal(
        draft.model_dump_json(exclude_none=True), encrypted_texts.SESSIONS, "draft", row.id
    )
    row.has_custom_prompt = bool(draft.custom_prompt)


def send(session: Session, new_message: NewPlaygroundMessage, *, actor: Actor) -> SentMessage:
    """Store a message, and have a model answer it once this transaction is committed.

    Raises AnswerPending, NoModel, ModelMissing, ParameterNotSupported, ToolUnknown, TooManyAtOnce,
    or PlaygroundSessionMissing for a session of another account.
    """
    require(actor, Permission.RUN_MODELS)
    runner = current()
    runner.reserve()
    row = _lock_or_create(session, new_message.session_id, actor)
    if queries.find_pending(session, row.id) is not None:
        raise AnswerPending
    new_execution = NewExecution(
        model_id=new_message.model or default_model(session),
        prompt=new_message.message,
        system_prompt=new_message.custom_prompt or read_default_prompt(session, actor=actor),
        messages=queries.list_sendable_messages(session, row.id)[-MAX_MESSAGES:],
        parameters=new_message.parameters,
        tools=new_message.tools,
        session_id=row.id,
    )
    toolbox = toolbox_for(
        new_execution,
        actor=actor,
        after_untrusted=queries.has_untrusted_results(session, row.id),
    )
    execution = executions.begin(
        session, new_execution, instance=runner.instance, actor=actor, toolbox=toolbox
    )
    revision = _touch(session, row, messages=2)
    user_message = _add(
        session, row, actor, revision, role=Speaker.USER, content=new_message.message
    )
    _add(
        session,
        row,
        actor,
        revision,
        role=Speaker.ASSISTANT,
        content="",
        after=user_message,
        job_id=str(execution.id),
        execution_id=execution.id,
        status=ExecutionStatus.PENDING,
        custom_prompt=new_message.custom_prompt,
        service_used=execution.route.model.id,
    )
    if row.name is None:
        row.name = encrypted_texts.seal(
            name_from(new_message.message), encrypted_texts.SESSIONS, "name", row.id
        )
    if new_message.metadata is not None:
        row.sender_metadata = encrypted_texts.seal_metadata(new_message.metadata, row.id)
    after_commit(session, partial(runner.launch, execution, on_finish=settle))
    return SentMessage(
        session_id=row.id,
        user_message=queries.message_view(user_message, None),
        job_id=str(execution.id),
        status=ExecutionStatus.PENDING,
    )


def _lock_or_create(session: Session, session_id: UUID | None, actor: Actor) -> PlaygroundSession:
    if session_id is None:
        return _create(session, new_id(), actor)
    row = queries.find_row(session, session_id, owner=actor.id, lock=True)
    if row is not None:
        return row
    try:
        return _create(session, session_id, actor)
    except PlaygroundSessionMissing:  # or the same account has just created it
        return queries.get_row(session, session_id, owner=actor.id, lock=True)


def default_model(session: Session) -> str:
    """Return the workspace's default model, or the first that can be called; raise NoModel."""
    models = [model.id for model in catalogue.list_models(session)]
    preferred = settings.read(session, settings.Workspace).default_model
    if preferred in models:
        return str(preferred)
    if not models:
        raise NoModel
    return models[0]


def _touch(session: Session, row: PlaygroundSession, *, messages: int = 0) -> int:
    """Raise the session's revision, notify open pages, and return it."""
    row.revision += 1
    row.message_count += messages
    row.updated_at = clock.now()
    if messages:
        row.last_message_at = row.updated_at
    session.flush()
    bus.publish(session, topic(row.id), revision=row.revision)
    return row.revision


def _add(
    session: Session,
    row: PlaygroundSession,
    actor: Actor,
    revision: int,
    *,
    role: Speaker,
    content: str,
    after: PlaygroundMessage | None = None,
    custom_prompt: str | None = None,
    **facts: Any,  # noqa: ANN401  columns
) -> PlaygroundMessage:
    id_, created_at = new_id(), clock.now()
    message = PlaygroundMessage(
        id=id_,
        admin_user_id=actor.id,
        session_id=row.id,
        position=after.position + 1 if after else row.message_count - 1,
        role=role,
        content=encrypted_texts.seal(content, encrypted_texts.MESSAGES, "content", id_),
        custom_prompt=encrypted_texts.seal(
            custom_prompt, encrypted_texts.MESSAGES, "custom_prompt", id_
        )
        if custom_prompt
        else None,
        revision=revision,
        created_at=created_at,
        updated_at=created_at,
        **facts,
    )
    session.add(message)
    session.flush()
    return message


def settle(session: Session, execution_id: UUID) -> None:
    """Copy the outcome of an ended execution to its message; a second call changes nothing.

    Locks are taken in the order execution, session, message everywhere, so that two calls for one
    answer cannot deadlock.
    """
    row = session.scalar(
        select(PlaygroundSession)
        .join(PlaygroundMessage, PlaygroundMessage.session_id == PlaygroundSession.id)
        .where(PlaygroundMessage.execution_id == execution_id)
        .with_for_update(of=PlaygroundSession)
    )
    message = session.scalar(
        select(PlaygroundMessage)
        .where(
            PlaygroundMessage.execution_id == execution_id,
            PlaygroundMessage.status == ExecutionStatus.PENDING,
        )
        .with_for_update()
    )
    execution = session.get(Execution, execution_id, populate_existing=True)
    if (
        row is None
        or message is None
        or execution is None
        or execution.status == ExecutionStatus.PENDING
    ):
        return
    outcome = executions_queries.view(execution)
    row.execution_count += 1
    row.total_cost += execution.cost_usd or Decimal(0)
    message.revision = _touch(session, row)
    message.content = encrypted_texts.seal(
        outcome.response, encrypted_texts.MESSAGES, "content", message.id
    )
    message.status = outcome.status
    message.response_time_ms = outcome.execution_time_ms
    message.updated_at = clock.now()


def stop(session: Session, session_id: UUID, *, actor: Actor) -> bool:
    """Stop a session's pending answer, keeping its text; return whether there was one."""
    require(actor, Permission.RUN_MODELS)
    queries.get_row(session, session_id, owner=actor.id)
    pending = queries.find_pending(session, session_id)
    if pending is None or pending.execution_id is None:
        return False
    text = current().text_of(pending.execution_id)
    executions.cancel(session, pending.execution_id, text=text, actor=actor)
    settle(session, pending.execution_id)
    return True


def clear(session: Session, session_id: UUID, *, actor: Actor) -> None:
    """Remove every message of a session and the texts of its executions; the session stays.

    Raises AnswerPending when a message was sent at the same time.
    """
    row = _remove_messages(session, session_id, actor)
    row.name, row.sender_metadata, row.message_count, row.last_message_at = None, None, 0, None
    _touch(session, row)
    audit.record(session, "playground.clear", actor, targets={"session_id": str(session_id)})


def remove(session: Session, session_id: UUID, *, actor: Actor) -> None:
    """Remove a session, its messages and the texts of its executions; their costs stay.

    Raises AnswerPending when a message was sent at the same time.
    """
    row = _remove_messages(session, session_id, actor)
    row.deleted_at, row.name, row.draft, row.sender_metadata = clock.now(), None, None, None
    _touch(session, row)
    audit.record(session, "playground.delete", actor, targets={"session_id": str(session_id)})


def _remove_messages(session: Session, session_id: UUID, actor: Actor) -> PlaygroundSession:
    # Before the session is locked: executions are locked first, everywhere
    stop(session, session_id, actor=actor)
    row = queries.get_row(session, session_id, owner=actor.id, lock=True)
    new_answer = queries.find_pending(session, session_id)
    if new_answer is not None and new_answer.execution_id is not None:
        raise AnswerPending
    session.execute(delete(PlaygroundMessage).where(PlaygroundMessage.session_id == session_id))
    text_removal.remove_texts(session, session_id)
    return row
