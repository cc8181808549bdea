"""The vote on a replay: which of the answers is better, with a reason."""

from functools import partial
from uuid import UUID

import streamlit as st

from core.playground import replays
from core.playground.replay_schemas import NewReplayVote, ReplayedAnswer, ReplayOutcome
from core.playground.service import replay_votes
from pages._ui import errors, guard, state, text
from pages.test.playground import vote_reason


def draw(session_id: UUID, answer: ReplayedAnswer) -> None:
    with st.container(horizontal=True, key="replay-vote", gap="small"):
        for outcome, label in text.REPLAY_OUTCOMES.items():
            st.button(
                label,
                key=f"replay.vote.{session_id}.{outcome}",
                type="primary" if outcome is answer.outcome else "secondary",
                on_click=vote,
                args=(session_id, outcome),
            )
        vote_reason.draw(
            _reason_key(session_id),
            answer.reason,
            partial(save_reason, session_id) if answer.outcome else None,
        )


def _reason_key(session_id: UUID) -> str:
    return f"replay.reason.{session_id}"


@errors.action
def vote(session_id: UUID, outcome: ReplayOutcome) -> None:
    with guard.work_on_both() as (core, ai, actor):
        replay_votes.vote(core, ai, session_id, _as_entered(session_id, outcome), actor=actor)
    state.toast("Vote saved")


@errors.action
def save_reason(session_id: UUID) -> None:
    """Store the reason that is entered after a vote."""
    with guard.work_on_both() as (core, ai, actor):
        # As stored: another choice may have been pressed at once
        found = replays.find(core, ai, session_id, actor=actor)
        if found is not None and found.outcome is not None:
            new_vote = _as_entered(session_id, found.outcome)
            replay_votes.vote(core, ai, session_id, new_vote, actor=actor)
    state.toast("Reason saved")


def _as_entered(session_id: UUID, outcome: ReplayOutcome) -> NewReplayVote:
    return NewReplayVote(outcome=outcome, reason=state.get(_reason_key(session_id), ""))
