"""Routes of the caller's own comparisons: one message to several models or prompts."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from api.deps import ActorDep, SessionDep, WindowDep
from api.reference import CONFLICT, MISSING, MODEL_CALL
from core.comparisons import queries
from core.comparisons.schemas import (
    ColumnChoice,
    ComparisonSummary,
    ComparisonView,
    Contestant,
    NewComparison,
    NewTurn,
    NewVote,
    NewWinnerVersion,
    Standing,
    VoteScope,
)
from core.comparisons.service import comparisons, turns, votes, winners
from core.comparisons.service.leaderboard import read_leaderboard
from core.identity.permissions import Permission, require
from core.prompts.views import PromptView

router = APIRouter(prefix="/comparisons", tags=["Playground"])


class ComparisonList(BaseModel):
    """The caller's comparisons, the last used first."""

    comparisons: list[ComparisonSummary]
    total_count: int
    limit: int
    offset: int


class Leaderboard(BaseModel):
    """Models or prompts, the best first (Bradley and Terry)."""

    standings: list[Standing]


class KeptSession(BaseModel):
    """The session that a column has become."""

    session_id: UUID


@router.post("", status_code=201, responses=MISSING)
def begin(new: NewComparison, session: SessionDep, actor: ActorDep) -> ComparisonView:
    """Begin a comparison of 1 to 4 columns; each is a session, which the websocket follows.

    With `blind`, the order is random, and names are hidden until the first vote.
    """
    return comparisons.begin(session, new, actor=actor)


@router.get("")
def list_comparisons(session: SessionDep, actor: ActorDep, window: WindowDep) -> ComparisonList:
    """List the caller's comparisons, the last used first."""
    require(actor, Permission.RUN_MODELS)
    page = queries.list_comparisons(session, window, owner=actor.id)
    return ComparisonList(
        comparisons=page.items,
        total_count=page.total_count,
        limit=page.limit,
        offset=page.offset,
    )


@router.get("/leaderboard")
def leaderboard(
    session: SessionDep,
    actor: ActorDep,
    by: Contestant = Contestant.MODEL,
    blind: bool = False,
    votes: VoteScope = VoteScope.OWN,
) -> Leaderboard:
    """Rank models or prompts by the caller's votes or those of all accounts: the blind ones, or the
    others and those on replays. Prompts and bots that the caller does not see are left out.
    """
    standings = read_leaderboard(session, by, blind=blind, actor=actor, scope=votes)
    return Leaderboard(standings=standings)


@router.get("/{comparison_id}")
def comparison(comparison_id: UUID, session: SessionDep, actor: ActorDep) -> ComparisonView:
    """Return a comparison with its turns, answers and votes."""
    require(actor, Permission.RUN_MODELS)
    return queries.get_comparison(session, comparison_id, owner=actor.id)


@router.post("/{comparison_id}/turns", status_code=202, responses=MODEL_CALL)
def send(
    comparison_id: UUID, turn: NewTurn, session: SessionDep, actor: ActorDep
) -> ComparisonView:
    """Send a message to all columns; one that cannot begin says so in `problem`."""
    return turns.send(session, comparison_id, turn.message, actor=actor)


@router.post("/{comparison_id}/stop", status_code=204)
def stop(comparison_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Stop the pending answers of all columns."""
    turns.stop(session, comparison_id, actor=actor)


@router.post("/{comparison_id}/vote", responses=CONFLICT)
def vote(
    comparison_id: UUID, new_vote: NewVote, session: SessionDep, actor: ActorDep
) -> ComparisonView:
    """Vote on a turn, instead of an earlier vote on it."""
    return votes.vote(session, comparison_id, new_vote, actor=actor)


@router.post("/{comparison_id}/keep", responses=CONFLICT)
def keep(
    comparison_id: UUID, choice: ColumnChoice, session: SessionDep, actor: ActorDep
) -> KeptSession:
    """Make a column an ordinary session, which ends the comparison."""
    kept = comparisons.keep(session, comparison_id, choice.column, actor=actor)
    return KeptSession(session_id=kept)


@router.post("/{comparison_id}/version", status_code=201, responses=CONFLICT)
def save_version(
    comparison_id: UUID, new_version: NewWinnerVersion, session: SessionDep, actor: ActorDep
) -> PromptView:
    """Save the prompt, model and parameters of a column that has won a vote.

    They are the newest version of its prompt, or with `name` the first one of a new prompt.
    """
    return winners.save_version(session, comparison_id, new_version, actor=actor)


@router.delete("/{comparison_id}", status_code=204, responses=CONFLICT)
def remove(comparison_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Remove a comparison with its votes and sessions, except for a kept one."""
    comparisons.remove(session, comparison_id, actor=actor)
