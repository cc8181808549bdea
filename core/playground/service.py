"""Change playground sessions. Each change raises the session's revision and notifies every open page."""

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
from core.executions import service as executions
from core.executions.models import Execution
from core.executions.runner import current
from core.executions.schemas import LONGEST_CONVERSATION, ExecutionStatus, NewExecution
from core.identity import audit
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.platform.ids import new_id
from core.playground import queries, texts
from core.playground.errors import AnswerPending, NoModel, PlaygroundSessionMissing
from core.playground.models import PlaygroundMessage, PlaygroundSession
from core.playground.schemas import Draft, NewPlaygroundMessage, PlaygroundMessageView, PlaygroundSessionView, Sent, Speaker
from core.providers import catalogue
from core.providers.schemas import ChatMessage, MessageRole

LONGEST_NAME = 60


def topic(session_id: UUID) -> str:
    """Return the topic on which a session's changes are told."""
    return f"playground {session_id}"


def open_session(session: Session, *, actor: Actor, draft: Draft | None = None) -> PlaygroundSessionView:
    """Return a session to begin in: an empty one that is there already, or a new one."""
    require(actor, Permission.RUN_MODELS)
    row = queries.find_empty_session(session, owner=actor.id) or _make(session, new_id(), actor)
    if draft is not None:
        _store_draft(row, draft)
    row.updated_at = clock.now()
    session.flush()
    return queries.session_view(row)


def _make(session: Session, session_id: UUID, actor: Actor) -> PlaygroundSession:
    row = PlaygroundSession(id=session_id, owner=actor.id)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # somebody else's, or deleted: neither is to be told apart
        raise PlaygroundSessionMissing from None
    session.refresh(row)
    return row


def keep_draft(session: Session, session_id: UUID, draft: Draft, *, actor: Actor) -> None:
    """Store what is set beside a session's chat."""
    require(actor, Permission.RUN_MODELS)
    _store_draft(queries.get_row(session, session_id, owner=actor.id, lock=True), draft)


def _store_draft(row: PlaygroundSession, draft: Draft) -> None:
    row.draft = texts.seal(draft.model_dump_json(exclude_none=True), texts.SESSIONS, "draft", row.id)
    row.has_custom_prompt = bool(draft.custom_prompt)


def send(session: Session, given: NewPlaygroundMessage, *, actor: Actor) -> Sent:
    """Say something and have a model answer, once this transaction is committed.

    Raises AnswerPending, NoModel, ModelMissing, ParameterNotTaken, TooManyAtOnce, or SessionMissing for somebody else's session.
    """
    require(actor, Permission.RUN_MODELS)
    runner = current()
    runner.reserve()
    workspace = settings.read(session, settings.Workspace)
    row = _session_to_speak_in(session, given.session_id, actor)
    if queries.find_pending(session, row.id) is not None:
        raise AnswerPending
    asked = NewExecution(
        model_id=given.model or default_model(session, workspace),
        prompt=given.message,
        system_prompt=given.custom_prompt or workspace.default_prompt,
        messages=_history(session, row.id),
        parameters=given.parameters,
        session_id=row.id,
    )
    begun = executions.begin(session, asked, instance=runner.instance, actor=actor)
    revision = _touch(session, row, messages=2)
    said = _add(session, row, actor, revision, role=Speaker.USER, content=given.message)
    answering: dict[str, Any] = {
        "job_id": str(begun.id),
        "execution_id": begun.id,
        "status": ExecutionStatus.PENDING,
        "custom_prompt": given.custom_prompt,
        "service_used": begun.route.model.id,
    }
    _add(session, row, actor, revision, role=Speaker.ASSISTANT, content="", after=said, **answering)
    if row.name is None:
        row.name = texts.seal(_name_from(given.message), texts.SESSIONS, "name", row.id)
    after_commit(session, partial(runner.launch, begun, on_finish=settle))
    return Sent(
        session_id=row.id, user_message=queries.message_view(said, None), job_id=str(begun.id), status=ExecutionStatus.PENDING
    )


def _session_to_speak_in(session: Session, session_id: UUID | None, actor: Actor) -> PlaygroundSession:
    if session_id is None:
        return _make(session, new_id(), actor)
    found = queries.find_row(session, session_id, owner=actor.id, lock=True)
    if found is not None:
        return found
    try:
        return _make(session, session_id, actor)
    except PlaygroundSessionMissing:  # or made by the same account at this very moment
        return queries.get_row(session, session_id, owner=actor.id, lock=True)


def default_model(session: Session, workspace: settings.Workspace) -> str:
    """Return the model that answers unless another is named: the workspace's choice, or the first that can be called."""
    models = [model.id for model in catalogue.list_models(session)]
    if workspace.default_model in models:
        return str(workspace.default_model)
    if not models:
        raise NoModel
    return models[0]


def _history(session: Session, session_id: UUID) -> tuple[ChatMessage, ...]:
    """Return what was said before, as a model is to read it: failed and empty answers are left out."""
    said = queries.list_messages(session, session_id)
    kept = [it for it in said if it.content and it.status is not ExecutionStatus.FAILED][-LONGEST_CONVERSATION:]
    return tuple(ChatMessage(role=MessageRole(it.role.value), content=it.content) for it in kept)


def _touch(session: Session, row: PlaygroundSession, *, messages: int = 0) -> int:
    """Raise the session's revision, tell everybody, and return it."""
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
    id_, said_at = new_id(), clock.now()
    message = PlaygroundMessage(
        id=id_,
        admin_user_id=actor.id,
        session_id=row.id,
        position=after.position + 1 if after else row.message_count - 1,
        role=role,
        content=texts.seal(content, texts.MESSAGES, "content", id_),
        custom_prompt=texts.seal(custom_prompt, texts.MESSAGES, "custom_prompt", id_) if custom_prompt else None,
        revision=revision,
        created_at=said_at,
        updated_at=said_at,
        **facts,
    )
    session.add(message)
    session.flush()
    return message


def _name_from(message: str) -> str:
    words = " ".join(message.split())
    return words if len(words) <= LONGEST_NAME else words[: LONGEST_NAME - 1].rsplit(" ", 1)[0] + "…"


def settle(session: Session, execution_id: UUID) -> None:
    """Bring the message of an ended execution up to it. Called by whoever sees the end first; a second call changes nothing.

    Locks are taken in one order everywhere, execution, session, message: two who end the same answer never wait for each other.
    """
    row = session.scalar(
        select(PlaygroundSession)
        .join(PlaygroundMessage, PlaygroundMessage.session_id == PlaygroundSession.id)
        .where(PlaygroundMessage.execution_id == execution_id)
        .with_for_update(of=PlaygroundSession)
    )
    message = session.scalar(
        select(PlaygroundMessage)
        .where(PlaygroundMessage.execution_id == execution_id, PlaygroundMessage.status == ExecutionStatus.PENDING)
        .with_for_update()
    )
    execution = session.get(Execution, execution_id, populate_existing=True)
    if row is None or message is None or execution is None or execution.status == ExecutionStatus.PENDING:
        return
    ended = executions_queries.view(execution)
    row.execution_count += 1
    row.total_cost += execution.cost_usd or Decimal(0)
    message.revision = _touch(session, row)
    message.content = texts.seal(ended.response, texts.MESSAGES, "content", message.id)
    message.status = ended.status
    message.response_time_ms = ended.execution_time_ms
    message.updated_at = clock.now()


def stop(session: Session, session_id: UUID, *, actor: Actor) -> bool:
    """Stop the answer that is being written in a session, keeping what there is of it; return whether there was one."""
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
    """Remove every message of a session, and the texts of its executions; the session stays.

    Raises AnswerPending when something was said at this very moment.
    """
    row = _emptied(session, session_id, actor)
    row.name, row.message_count, row.last_message_at = None, 0, None
    _touch(session, row)
    audit.record(session, "playground.clear", actor, targets={"session_id": str(session_id)})


def remove(session: Session, session_id: UUID, *, actor: Actor) -> None:
    """Remove a session with every message and the texts of its executions; what they cost stays known.

    Raises AnswerPending when something was said at this very moment.
    """
    row = _emptied(session, session_id, actor)
    row.deleted_at, row.name, row.draft = clock.now(), None, None
    _touch(session, row)
    audit.record(session, "playground.delete", actor, targets={"session_id": str(session_id)})


def _emptied(session: Session, session_id: UUID, actor: Actor) -> PlaygroundSession:
    stop(session, session_id, actor=actor)  # before the session is held: an execution is locked first, everywhere
    row = queries.get_row(session, session_id, owner=actor.id, lock=True)
    said_meanwhile = queries.find_pending(session, session_id)
    if said_meanwhile is not None and said_meanwhile.execution_id is not None:
        raise AnswerPending
    session.execute(delete(PlaygroundMessage).where(PlaygroundMessage.session_id == session_id))
    executions.blank_texts(session, session_id)
    return row


def read(session: Session, session_id: UUID, *, actor: Actor) -> tuple[PlaygroundSessionView, list[PlaygroundMessageView]]:
    """Return a session and its messages, the revision read first: a change in between is noticed by who compares."""
    view = queries.get_session(session, session_id, owner=actor.id)
    return view, queries.list_messages(session, session_id)
