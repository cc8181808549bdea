"""Make an answer again, and show another branch of a session; every branch is kept."""

from uuid import UUID

from sqlalchemy.orm import Session

from core.attachments import queries as attachments
from core.executions import queries as executions
from core.executions.schemas import MAX_TEXT_CHARS, ExecutionStatus
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.playground import answering, message_rows, queries
from core.playground.branches import queries as shown
from core.playground.branches.schemas import NewAnswer
from core.playground.errors import AnswerPending, NothingToRegenerate, PlaygroundMessageMissing
from core.playground.models import PlaygroundSession
from core.playground.schemas import (
    NewPlaygroundMessage,
    PlaygroundMessageView,
    PlaygroundSessionView,
    SentMessage,
    Speaker,
)
from core.playground.service import answers


def regenerate(
    session: Session, session_id: UUID, new_answer: NewAnswer, *, actor: Actor
) -> SentMessage:
    """Have the last message of the user on the shown branch answered again, on a new branch.

    Raises PlaygroundSessionMissing, NothingToRegenerate, and what sending a message raises.
    """
    row = _lock(session, session_id, actor)
    tree = shown.read_tree(session, row.id)
    path = tree.path_to(shown.leaf_of(session, row.id, tree))
    said = list(zip(path, shown.list_at(session, row.id, tree, path), strict=True))
    asked = [(at, it) for at, it in said if it.role is Speaker.USER and it.content]
    if not asked:
        raise NothingToRegenerate
    position, question = asked[-1]
    new_answer = _as_before(session, said[-1][1], new_answer)
    # Without its checks: what was imported may be longer than what is typed
    message = NewPlaygroundMessage.model_construct(
        message=question.content[:MAX_TEXT_CHARS], session_id=row.id, **dict(new_answer)
    )
    begun = answering.begin(
        session,
        row.id,
        message,
        attachments.list_for_models(session, row.id).get(question.id, ()),
        parent=tree.parents[position],
        actor=actor,
        on_finish=answers.settle,
    )
    message_rows.touch(session, row, messages=1)
    answers.add_answer(
        session,
        row,
        actor,
        begun,
        custom_prompt=new_answer.custom_prompt,
        parent=position,
        files=question.attachments,
    )
    return SentMessage(
        session_id=row.id,
        user_message=question,
        job_id=str(begun.execution_id),
        status=ExecutionStatus.PENDING,
    )


def _as_before(session: Session, answer: PlaygroundMessageView, new_answer: NewAnswer) -> NewAnswer:
    """Return the settings with those of an answer where they are left out, if what gave it is not
    named and can still be called.
    """
    given = new_answer.model_fields_set
    if answer.job_id is None or given & {"model", "service_id"}:
        return new_answer
    call = executions.find_settings(session, UUID(answer.job_id))
    if call is None or not answering.is_offered(session, call):
        return new_answer
    before = {
        "model": None if call.service_id else call.model_id,
        "service_id": call.service_id,
        "custom_prompt": answer.custom_prompt,
        "parameters": call.parameters,
        "tools": call.tools,
    }
    return new_answer.model_copy(
        update={name: value for name, value in before.items() if name not in given}
    )


def show(
    session: Session, session_id: UUID, message_id: UUID, *, actor: Actor
) -> PlaygroundSessionView:
    """Show the newest branch through a message, unless the shown one has it.

    Raises PlaygroundSessionMissing, PlaygroundMessageMissing or AnswerPending.
    """
    row = _lock(session, session_id, actor)
    tree = shown.read_tree(session, row.id)
    position = next((at for at, id_ in tree.ids.items() if id_ == message_id), None)
    if position is None:
        raise PlaygroundMessageMissing
    if position not in tree.path_to(shown.leaf_of(session, row.id, tree)):
        leaf = tree.newest_after(position)
        row.leaf_position = None if leaf == tree.newest else leaf
        message_rows.touch(session, row)
    return queries.session_view(row)


def _lock(session: Session, session_id: UUID, actor: Actor) -> PlaygroundSession:
    require(actor, Permission.RUN_MODELS)
    row = queries.get_row(session, session_id, owner=actor.id, lock=True)
    # The pending answer is always on the shown branch
    if queries.find_pending(session, row.id) is not None:
        raise AnswerPending
    return row
