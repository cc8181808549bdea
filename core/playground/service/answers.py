"""Messages and their answers; each change raises the session's revision and notifies open pages."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from decimal import Decimal
from itertools import takewhile
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.attachments import queries as attached_files
from core.attachments import reading
from core.attachments import service as attachments
from core.attachments.schemas import AttachmentView, CheckedFile
from core.executions import queries as executions_queries
from core.executions.models import Execution
from core.executions.runner import current
from core.executions.schemas import MAX_MESSAGES, ExecutionStatus, ExecutionView
from core.executions.service import executions
from core.executions.tools import tool_rounds
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.playground import answering, encrypted_texts, message_rows, queries
from core.playground.branches import queries as shown
from core.playground.context import files as context_files
from core.playground.context import history
from core.playground.errors import AnswerPending
from core.playground.models import PlaygroundMessage, PlaygroundSession
from core.playground.schemas import (
    Draft,
    NewPlaygroundMessage,
    PlaygroundMessageView,
    SentMessage,
    Speaker,
)
from core.playground.service import call_counts
from core.playground.session_names import name_from
from core.providers.schemas import ChatMessage


def send(session: Session, new_message: NewPlaygroundMessage, *, actor: Actor) -> SentMessage:
    """Store a message; its model answers it once this transaction is committed, without a model
    the active service, and without a service the default model.

    Raises AnswerPending, NoModel, ModelMissing, ParameterNotSupported, ToolUnknown, TooManyAtOnce,
    NotForServices, PlaygroundMessageMissing or NotEditable for what it edits, what its files are
    refused for, QueriesBusy, or PlaygroundSessionMissing for a session of another account.
    """
    require(actor, Permission.RUN_MODELS)
    # Before anything is locked; a PDF file takes seconds, and others want to send theirs as well
    with reading.slots.taken(actor.id) if new_message.attachments else nullcontext():
        files = reading.check(new_message.attachments)
    row = message_rows.lock_or_create(session, new_message.session_id, actor)
    return send_in(session, row, new_message, files, actor=actor)


def send_in(
    session: Session,
    row: PlaygroundSession,
    new_message: NewPlaygroundMessage,
    files: Sequence[CheckedFile] = (),
    *,
    actor: Actor,
) -> SentMessage:
    """Store a message in a session whose row is locked; raise what `send` raises."""
    if queries.find_pending(session, row.id) is not None:
        raise AnswerPending
    parent = shown.parent_of_next(session, row, new_message.edits)
    # One that a program began: the console goes on as the program asked
    if row.draft is None:
        message_rows.store_draft(row, Draft.model_validate(new_message, from_attributes=True))
    # An edited message keeps its files, unless others come with it
    if new_message.edits is not None and not files:
        files = attached_files.list_checked(session, new_message.edits)
    begun = answering.begin(
        session, row.id, new_message, files, parent=parent, actor=actor, on_finish=settle
    )
    message_rows.touch(session, row, messages=2)
    text, position = new_message.message, row.message_count - 1
    user_message = message_rows.add(
        session, row, actor, role=Speaker.USER, content=text, position=position, parent=parent
    )
    attached = attachments.add(session, files, session_id=row.id, message_id=user_message.id)
    custom_prompt = new_message.custom_prompt
    add_answer(
        session, row, actor, begun, custom_prompt=custom_prompt, parent=position, files=attached
    )
    if row.name is None:
        row.name = encrypted_texts.seal(
            name_from(new_message.message), encrypted_texts.SESSIONS, "name", row.id
        )
    if new_message.metadata is not None:
        row.sender_metadata = encrypted_texts.seal_metadata(new_message.metadata, row.id)
    return SentMessage(
        session_id=row.id,
        user_message=queries.message_view(user_message, None, attached),
        job_id=str(begun.execution_id),
        status=ExecutionStatus.PENDING,
    )


def resume(session: Session, execution_id: UUID, *, actor: Actor) -> bool:
    """Have the model go on once a person has confirmed the tool calls of its answer.

    It may cost what the session's limit leaves. Returns False when others still wait, or the answer
    is not the last one shown. Raises what `send` raises, CostLimitExceeded and ExecutionMissing.
    """
    require(actor, Permission.RUN_MODELS)
    ended = executions_queries.get_execution(session, execution_id, owner=actor.id)
    if ended.session_id is None or any(not call.has_ended for call in ended.tool_executions):
        return False
    row = queries.get_row(session, ended.session_id, owner=actor.id, lock=True)
    tree = shown.read_tree(session, row.id)
    leaf = shown.leaf_of(session, row.id, tree)
    branch = shown.list_at(session, row.id, tree, tree.path_to(leaf))
    # Another tab may have cleared the session while the tool ran
    if not branch or branch[-1].job_id != str(execution_id):
        return False
    *earlier, last = branch
    # The model that was asked for goes on, not the one that stood in for it
    form = context_files.form_for_model(session, ended.fallback_for or ended.model_id)
    before = history.before_answer(session, row.id, execution_id, earlier, form)
    messages = (*before, *_with_results(last))[-MAX_MESSAGES:]
    again = executions_queries.get_again(session, execution_id, messages=messages)
    again = again.model_copy(update={"cost_limit_usd": _left_usd(row, (*earlier, last))})
    begun = answering.by_model(session, again, actor=actor, on_finish=settle)
    message_rows.touch(session, row, messages=1)
    add_answer(session, row, actor, begun, custom_prompt=last.custom_prompt, parent=leaf)
    return True


def _left_usd(row: PlaygroundSession, messages: Sequence[PlaygroundMessageView]) -> Decimal | None:
    """Return what the session's cost limit leaves to the answer that the messages end with."""
    limit = encrypted_texts.draft_of(row).cost_limit_usd
    if limit is None:
        return None
    parts = takewhile(lambda it: it.role is Speaker.ASSISTANT, reversed(messages))
    spent = sum((it.cost_usd or Decimal(0) for it in parts), Decimal(0))
    return max(limit - spent, Decimal(0))


def add_answer(
    session: Session,
    row: PlaygroundSession,
    actor: Actor,
    begun: answering.BegunAnswer,
    *,
    custom_prompt: str | None,
    parent: int,
    files: Sequence[AttachmentView] = (),
) -> None:
    """Add the message of an answer after the position `parent`, and start it."""
    answer = message_rows.add_pending(
        session,
        row,
        actor,
        begun.execution_id,
        answered_by=begun.answered_by,
        custom_prompt=custom_prompt,
        parent=parent,
    )
    begun.start(answer, files)


def _with_results(answer: PlaygroundMessageView) -> Iterator[ChatMessage]:
    """Yield an answer and the results of its tool calls, as if it had made one after the other."""
    text = answer.content
    for call in answer.tool_executions:
        yield from tool_rounds.as_messages(text, [call])
        text = ""


def settle(session: Session, execution_id: UUID) -> None:
    """Count an ended execution in its session, and copy its outcome to its message, if it has one;
    a second call changes nothing.

    A failed message is completed by the late answer of a service; what a stopped call used is
    known some moments after its stop.
    Locks are taken in the order execution, session, message everywhere, so that two calls for one
    answer cannot deadlock.
    """
    row = session.scalar(
        select(PlaygroundSession)
        .join(Execution, Execution.session_id == PlaygroundSession.id)
        .where(Execution.id == execution_id)
        # Calls that begin in the session need not wait for its figures
        .with_for_update(of=PlaygroundSession, key_share=True)
    )
    message = session.scalar(
        select(PlaygroundMessage)
        .where(PlaygroundMessage.execution_id == execution_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    # The session may hold it as it was before the locks
    execution = session.get(Execution, execution_id, populate_existing=True)
    if row is None or execution is None or execution.status == ExecutionStatus.PENDING:
        return
    is_copied = message is None or (execution.status, execution.execution_time_ms) == (
        message.status,
        message.response_time_ms,
    )
    if not call_counts.note_end(session, row) and is_copied:
        return
    revision = message_rows.touch(session, row)
    if message is not None and not is_copied:
        _copy_outcome(executions_queries.view(execution), message, revision)


def _copy_outcome(outcome: ExecutionView, message: PlaygroundMessage, revision: int) -> None:
    message.revision = revision
    message.content = encrypted_texts.seal(
        outcome.response, encrypted_texts.MESSAGES, "content", message.id
    )
    message.status = outcome.status
    message.response_time_ms = outcome.execution_time_ms
    message.updated_at = clock.now()


def stop(session: Session, session_id: UUID, *, actor: Actor, in_comparison: bool = False) -> bool:
    """Stop a session's pending answer, keeping its text; return whether there was one."""
    require(actor, Permission.RUN_MODELS)
    queries.get_row(session, session_id, owner=actor.id, in_comparison=in_comparison)
    pending = queries.find_pending(session, session_id)
    if pending is None or pending.execution_id is None:
        return False
    # Another process may be answering: then the text that it stored last stays
    text = current().text_of(pending.execution_id)
    executions.cancel(session, pending.execution_id, text=text, actor=actor)
    settle(session, pending.execution_id)
    return True
