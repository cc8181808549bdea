"""Load what a session replays: an answer of a conversation, or of a case of an evaluation, and the
messages before it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from core.annotations.errors import AnnotationMissing
from core.annotations.queries.annotation_list import get_annotation
from core.conversations.queries import message_texts
from core.conversations.queries.message_texts import AnswerText
from core.conversations.schemas import MessageSpeaker
from core.executions.schemas import MAX_MESSAGES, MAX_TEXT_CHARS, ExecutionStatus
from core.identity.schemas import Actor
from core.playground import encrypted_texts, queries
from core.playground.models import PlaygroundReplay
from core.playground.replay_schemas import CaseReplay, ReplayedAnswer, ReplayOutcome
from core.playground.schemas import PlaygroundMessageView, Speaker
from core.providers import catalogue
from core.providers.schemas import ChatMessage, MessageRole

SPOKEN = (MessageSpeaker.USER, MessageSpeaker.ASSISTANT)


@dataclass(frozen=True)
class ReplayContext:
    """What came before an answer: its system prompt, the messages, and the user's last one.

    Calls of tools and their results are left out; what came after the user's last message too.
    """

    system_prompt: str
    earlier: tuple[ChatMessage, ...]
    question: str  # empty when no user spoke


def callable_model(session: Session, name: str) -> str | None:
    """Return the ID of the model that a conversation names, with its provider or without, or None
    when it cannot be called.
    """
    models = (model.id for model in catalogue.list_models(session))
    return next((id_ for id_ in models if name in (id_, id_.partition(":")[2])), None)


def replay_context(session: Session, answer: AnswerText, *, actor: Actor) -> ReplayContext:
    """Return what came before a message; raise Forbidden."""
    texts = message_texts.list_last_texts(
        session,
        answer.conversation_id,
        limit=MAX_MESSAGES,
        max_chars=MAX_TEXT_CHARS,
        before=answer.position,
        actor=actor,
    )
    system = [each.content for each in texts if each.role == MessageSpeaker.SYSTEM]
    spoken = [
        ChatMessage(role=MessageRole(each.role), content=each.content)
        for each in texts
        if each.role in SPOKEN and each.content
    ]
    while spoken and spoken[-1].role is not MessageRole.USER:
        spoken.pop()
    question = spoken.pop().content if spoken else ""
    return ReplayContext("\n\n".join(filter(None, system)), tuple(spoken), question)


def context(session: Session, session_id: UUID, *, actor: Actor) -> tuple[ChatMessage, ...]:
    """Return the conversation's messages before the one that a session begins with; none when it
    is no replay, or when the conversation was erased.
    """
    row = queries.find_replay(session, session_id)
    if row is None:
        return ()
    if (case := encrypted_texts.case_of(row)) is not None:
        return case.earlier
    answer = _answer(session, row, actor)
    return replay_context(session, answer, actor=actor).earlier if answer else ()


def _answer(session: Session, row: PlaygroundReplay, actor: Actor) -> AnswerText | None:
    if row.message_id is None:
        return None
    return message_texts.find_answer(session, row.message_id, actor=actor)


def find_new_answer(messages: Iterable[PlaygroundMessageView]) -> PlaygroundMessageView | None:
    """Return the first answer of a session's messages once it is complete, or None."""
    first = next((each for each in messages if each.role is Speaker.ASSISTANT), None)
    is_complete = first is not None and first.status is ExecutionStatus.COMPLETED
    return first if is_complete else None


def find(core: Session, ai: Session, session_id: UUID, *, actor: Actor) -> ReplayedAnswer | None:
    """Return the answer that a session replays, or None. The caller has checked the owner."""
    row = queries.find_replay(core, session_id)
    return view(core, ai, row, actor=actor) if row else None


def view(core: Session, ai: Session, row: PlaygroundReplay, *, actor: Actor) -> ReplayedAnswer:
    """Return the answer and the suggestion of its annotation as they are now, or those of a case;
    raise Forbidden.
    """
    if (case := encrypted_texts.case_of(row)) is not None:
        return view_of_case(row, case)
    answer = _answer(core, row, actor)
    return ReplayedAnswer(
        conversation_id=row.conversation_id,
        message_id=row.message_id,
        annotation_id=row.annotation_id,
        original_answer=answer.content if answer else None,
        suggested_answer=_suggested(ai, row.annotation_id, actor=actor),
        model=answer.model if answer else None,
        prompt_name=answer.prompt_name if answer else None,
        outcome=ReplayOutcome(row.outcome) if row.outcome else None,
        reason=encrypted_texts.reason_of(row),
    )


def view_of_case(row: PlaygroundReplay, case: CaseReplay) -> ReplayedAnswer:
    """Return the answer and the reference of a case."""
    return ReplayedAnswer(
        conversation_id=row.conversation_id,
        message_id=None,
        annotation_id=None,
        evaluation_id=row.evaluation_id,
        case_id=row.case_id,
        original_answer=case.answer,
        suggested_answer=case.reference,
        model=case.model,
        prompt_name=case.prompt_name,
        outcome=None,
        reason=None,
    )


def _suggested(ai: Session, annotation_id: UUID | None, *, actor: Actor) -> str | None:
    if annotation_id is None:
        return None
    try:
        return get_annotation(ai, annotation_id, actor=actor).suggested_response
    except AnnotationMissing:
        return None
