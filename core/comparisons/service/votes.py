"""Votes on turns, and the preference pairs that they leave for the exports."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.annotations.service import preference_pairs
from core.annotations.service.preference_pairs import NewPair
from core.comparisons import encrypted_texts, queries
from core.comparisons.errors import NoAnswer, TurnMissing
from core.comparisons.models import Comparison, ComparisonTurn
from core.comparisons.schemas import ComparisonView, NewVote, TurnView, VoteOutcome
from core.database.db import Database, transaction
from core.executions import queries as executions
from core.executions.schemas import MAX_MESSAGES
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.jobs import outbox
from core.platform import clock
from core.playground import queries as playground
from core.playground.errors import AnswerPending
from core.playground.schemas import PlaygroundMessageView
from core.providers.schemas import ChatMessage, MessageRole

VOTED = "comparison.voted"
ORIGIN = "comparison"


def vote(
    session: Session, comparison_id: UUID, new_vote: NewVote, *, actor: Actor
) -> ComparisonView:
    """Store the vote on a turn instead of an earlier one; names are no longer hidden.

    Raises ComparisonMissing, TurnMissing, AnswerPending or NoAnswer.
    """
    require(actor, Permission.RUN_MODELS)
    row = queries.get_row(session, comparison_id, owner=actor.id, lock=True)
    turns, messages = queries.turns_of(session, row.id), queries.messages_of(session, row)
    turn = next((each for each in turns if each.number == new_vote.turn), None)
    if turn is None:
        raise TurnMissing
    shown = queries.turn_view(turn, messages)
    _check(shown, new_vote)
    # The same vote again, with another reason, is as blind as it was
    if new_vote.outcome != (shown.winner or shown.outcome):
        # Before the vote is stored: it reveals the names, so that no later vote is blind
        turn.is_blind = queries.has_hidden_names(row, turns)
    _store(row, turn, shown, new_vote)
    # Pairs are in the other database, and follow the vote also after a kill
    outbox.add(session, VOTED, {"turns": [str(turn.id)]})
    session.flush()
    return queries.get_comparison(session, comparison_id, owner=actor.id)


def _check(turn: TurnView, new_vote: NewVote) -> None:
    if any(answer.is_pending for answer in turn.answers):
        raise AnswerPending
    answered = {answer.column for answer in turn.answers if answer.is_answered}
    if len(answered) < 2 or (new_vote.winner is not None and new_vote.winner not in answered):
        raise NoAnswer


def _store(row: Comparison, turn: ComparisonTurn, shown: TurnView, new_vote: NewVote) -> None:
    turn.winner, turn.voted_at = new_vote.winner, clock.now()
    turn.outcome = VoteOutcome.BETTER if new_vote.winner else str(new_vote.outcome)
    turn.reason = encrypted_texts.seal_reason(new_vote.reason, turn)
    turn.models = [
        {"column": it.column, "model": it.model, "prompt": row.columns[it.column - 1]["prompt"]}
        for it in shown.answers
        if it.is_answered
    ]


def store_pairs(turn_id: UUID) -> None:
    """Write the pairs of a turn's vote to `ai`, instead of those of an earlier vote.

    The turn stays locked meanwhile, so that of two calls the later one writes the later vote.
    """
    with transaction() as core:
        turn = core.scalar(
            select(ComparisonTurn).where(ComparisonTurn.id == turn_id).with_for_update()
        )
        if turn is None:
            return  # removed since; pairs have their own texts, and stay
        pairs = _pairs(core, turn)
        with transaction(Database.AI) as ai:
            preference_pairs.replace(ai, turn.id, pairs)


def _pairs(core: Session, turn: ComparisonTurn) -> list[NewPair]:
    row = core.get_one(Comparison, turn.comparison_id)
    messages = queries.messages_of(core, row)
    found = {
        it["column"]: answer
        for it in turn.answers
        if (answer := queries.find_answer(it, messages[it["column"]])) is not None
    }
    models = {it["column"]: it for it in turn.models or ()}
    if turn.winner is None or turn.winner not in found:
        return []
    chosen = found[turn.winner]
    # After the first turn, each column has a history of its own: the prompt is the winner's.
    prompt = _prompt(core, messages[turn.winner], chosen)
    return [
        NewPair(
            origin=ORIGIN,
            conversation_id=row.id,
            rejected_place=column,
            prompt=prompt,
            chosen=chosen.content,
            rejected=found[column].content,
            chosen_model=models[turn.winner]["model"],
            rejected_model=facts["model"],
            chosen_prompt=models[turn.winner]["prompt"],
            rejected_prompt=facts["prompt"],
            reason=encrypted_texts.reason_of(turn),
            voter=row.owner,
            is_blind=turn.is_blind,
        )
        for column, facts in models.items()
        if column != turn.winner and column in found
    ]


def _prompt(
    core: Session, messages: list[PlaygroundMessageView], answer: PlaygroundMessageView
) -> list[dict[str, str]]:
    """Return the messages that an answer followed, its system prompt first."""
    before = playground.sendable(messages[: messages.index(answer)])[-MAX_MESSAGES:]
    execution = executions.get_again(core, UUID(answer.job_id or ""), messages=before)
    system = ChatMessage(role=MessageRole.SYSTEM, content=execution.system_prompt or "")
    said = (system, *execution.messages)
    return [{"role": each.role.value, "content": each.content} for each in said if each.content]
