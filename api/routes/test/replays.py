"""Routes that replay an answer of a conversation, and take the vote on both answers."""

from uuid import UUID

from fastapi import APIRouter

from api.deps import ActorDep, AiSessionDep, SessionDep
from api.reference import CONFLICT, MODEL_CALL
from core.playground.replay_schemas import NewReplay, NewReplayVote, ReplayedAnswer, StartedReplay
from core.playground.service import replay_votes, replays

router = APIRouter(tags=["Playground"])


@router.post("/replay", status_code=202, responses=MODEL_CALL)
def replay(
    new_replay: NewReplay, session: SessionDep, ai: AiSessionDep, actor: ActorDep
) -> StartedReplay:
    """Have an answer of a conversation given again, by another model or prompt.

    The messages before it are sent in a new playground session, without tools; the new answer
    arrives over the websocket, and in the history.
    """
    return replays.start(session, ai, new_replay, actor=actor)


@router.post("/replay/{session_id}/vote", responses=CONFLICT)
def vote(
    session_id: UUID,
    new_vote: NewReplayVote,
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
) -> ReplayedAnswer:
    """Vote on the new answer and the original one, instead of an earlier vote.

    A better answer leaves a preference pair for the exports.
    """
    return replay_votes.vote(session, ai, session_id, new_vote, actor=actor)
