"""The vote on the answers of a turn: the best one, a tie or none, with a reason."""

from functools import partial
from uuid import UUID

import streamlit as st

from core.comparisons import queries
from core.comparisons.schemas import ComparisonView, NewVote, TurnView, VoteOutcome
from core.comparisons.service import votes
from pages._ui import errors, guard, state
from pages.test.playground import vote_reason
from pages.test.playground.comparison.setup import LETTERS


def draw(comparison: ComparisonView, turn: TurnView) -> None:
    if not turn.is_votable:
        return
    with st.container(horizontal=True, key=f"vote-{turn.number}", vertical_alignment="center"):
        for label, outcome in _choices(turn):
            st.button(
                label,
                key=f"vote-{comparison.id}-{turn.number}-{outcome}",
                type="primary" if outcome == (turn.winner or turn.outcome) else "secondary",
                on_click=errors.action(partial(_vote, comparison.id, turn.number, outcome)),
            )
        vote_reason.draw(
            _reason_key(comparison.id, turn.number),
            turn.reason,
            partial(save_reason, comparison.id, turn.number) if turn.outcome else None,
            width=280,
        )
        if turn.voted_at is not None and turn.blind:
            st.markdown(":blue-badge[Blind vote]", width="content")


def _choices(turn: TurnView) -> list[tuple[str, int | VoteOutcome]]:
    answered = [it.column for it in turn.answers if it.is_answered]
    bad = "Both bad" if len(answered) == 2 else "All bad"
    better = [(f"{LETTERS[number - 1]} is better", number) for number in answered]
    return [*better, ("Tie", VoteOutcome.TIE), (bad, VoteOutcome.BOTH_BAD)]


def _reason_key(comparison_id: UUID, turn: int) -> str:
    return f"comparison.reason.{comparison_id}.{turn}"


def _vote(comparison_id: UUID, turn: int, outcome: int | VoteOutcome) -> None:
    with guard.work() as (session, actor):
        votes.vote(session, comparison_id, _as_entered(comparison_id, turn, outcome), actor=actor)
    state.toast("Vote saved")


@errors.action
def save_reason(comparison_id: UUID, number: int) -> None:
    """Store the reason that is entered after a vote."""
    with guard.work() as (session, actor):
        # As stored: another choice may have been pressed at once
        turn = queries.get_comparison(session, comparison_id, owner=actor.id).turns[number - 1]
        if outcome := turn.winner or turn.outcome:
            new_vote = _as_entered(comparison_id, number, outcome)
            votes.vote(session, comparison_id, new_vote, actor=actor)
    state.toast("Reason saved")


def _as_entered(comparison_id: UUID, turn: int, outcome: int | VoteOutcome) -> NewVote:
    reason = state.get(_reason_key(comparison_id, turn), "")
    return NewVote.model_validate({"turn": turn, "outcome": outcome, "reason": reason})
