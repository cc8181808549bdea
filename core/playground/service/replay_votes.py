"""Votes on replays, and the preference pair that one leaves for the exports."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.annotations.service import preference_pairs
from core.annotations.service.preference_pairs import NewPair
from core.conversations.errors import MessageMissing
from core.conversations.queries import message_texts
from core.conversations.queries.message_texts import AnswerText
from core.executions import queries as executions
from core.executions.schemas import ExecutionStatus
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.playground import encrypted_texts, message_rows, queries, replays
from core.playground.branches import queries as shown
from core.playground.errors import AnswerPending, NoReplay, NothingToVoteOn
from core.playground.replay_schemas import NewReplayVote, ReplayedAnswer, ReplayOutcome
from core.playground.schemas import PlaygroundMessageView, Speaker
from core.playground.session_names import prompt_title
from core.prompts.service.default_prompt import read_default_prompt
from core.providers.schemas import ChatMessage, MessageRole

ORIGIN = "replay"
UNKNOWN = "unknown"
NEW, ORIGINAL = 1, 2  # the places of the answers


def vote(
    core: Session, ai: Session, session_id: UUID, new_vote: NewReplayVote, *, actor: Actor
) -> ReplayedAnswer:
    """Store which answer of a replay is better, instead of an earlier vote, with its pair.

    Raises Forbidden, PlaygroundSessionMissing, NoReplay, MessageMissing, AnswerPending or
    NothingToVoteOn.
    """
    # The pair that a vote leaves has messages of the conversation
    require(actor, Permission.READ_CONTENTS)
    require(actor, Permission.RUN_MODELS)
    session = queries.get_row(core, session_id, owner=actor.id, lock=True)
    row = queries.find_replay(core, session_id)
    if row is None or row.message_id is None:
        raise NoReplay
    original = message_texts.find_answer(core, row.message_id, actor=actor)
    if original is None:
        raise MessageMissing
    messages = shown.list_shown(core, session_id)
    new = _new_answer(messages)
    row.outcome, row.voted_at = new_vote.outcome, clock.now()
    row.reason = encrypted_texts.seal_reason(new_vote.reason, session_id)
    row.models = _compared(core, original, new)
    pairs = _pairs(core, original, messages, new_vote, actor)
    preference_pairs.replace(ai, session_id, pairs)
    message_rows.touch(core, session)
    return replays.view(core, ai, row, actor=actor)


def _new_answer(messages: Sequence[PlaygroundMessageView]) -> PlaygroundMessageView:
    """Return the first answer that is shown; raise AnswerPending or NothingToVoteOn."""
    answer = next((each for each in messages if each.role is Speaker.ASSISTANT), None)
    if answer is not None and answer.status is ExecutionStatus.PENDING:
        raise AnswerPending
    is_complete = answer is not None and answer.status is ExecutionStatus.COMPLETED
    if answer is None or not is_complete or not answer.content.strip():
        raise NothingToVoteOn
    return answer


def _compared(
    core: Session, original: AnswerText, new: PlaygroundMessageView
) -> list[dict[str, Any]]:
    """Return what gave each answer, for the leaderboard; what is not known is null."""
    model = original.model and replays.callable_model(core, original.model)
    facts = (
        (NEW, new.service_used, prompt_title(new.custom_prompt)),
        (ORIGINAL, model or original.model, original.prompt_name),
    )
    return [{"place": place, "model": name, "prompt": prompt} for place, name, prompt in facts]


def _system_prompt(
    core: Session, answer: PlaygroundMessageView, question: ChatMessage, actor: Actor
) -> str:
    if answer.job_id is None:  # the answer of a fork, whose call stays with the session it is of
        return answer.custom_prompt or read_default_prompt(core, actor=actor)
    call = executions.get_again(core, UUID(answer.job_id), messages=(question,))
    return call.system_prompt or ""


def _pairs(
    core: Session,
    original: AnswerText,
    messages: Sequence[PlaygroundMessageView],
    new_vote: NewReplayVote,
    actor: Actor,
) -> list[NewPair]:
    """Return the pair of a vote for one answer; none of another, or of two questions' answers."""
    if new_vote.outcome not in (ReplayOutcome.NEW, ReplayOutcome.ORIGINAL):
        return []
    asked = replays.replay_context(core, original, actor=actor)
    if messages[0].content != asked.question:  # it was edited
        return []
    new = _new_answer(messages)
    question = ChatMessage(role=MessageRole.USER, content=asked.question)
    # As in a comparison, the prompt is the winner's
    is_new = new_vote.outcome is ReplayOutcome.NEW
    system = _system_prompt(core, new, question, actor) if is_new else asked.system_prompt
    said = (ChatMessage(role=MessageRole.SYSTEM, content=system), *asked.earlier, question)
    answers = [
        (new.content, new.service_used or UNKNOWN, prompt_title(new.custom_prompt)),
        (original.content, original.model or UNKNOWN, original.prompt_name or UNKNOWN),
    ]
    chosen, rejected = answers if is_new else answers[::-1]
    return [
        NewPair(
            origin=ORIGIN,
            conversation_id=original.conversation_id,
            rejected_place=ORIGINAL if is_new else NEW,
            prompt=[{"role": it.role.value, "content": it.content} for it in said if it.content],
            chosen=chosen[0],
            rejected=rejected[0],
            chosen_model=chosen[1],
            rejected_model=rejected[1],
            chosen_prompt=chosen[2],
            rejected_prompt=rejected[2],
            reason=new_vote.reason or None,
            voter=actor.id,
            is_blind=False,
        )
    ]
