"""The Overview: whether all is well, in one answer."""

from fastapi import APIRouter, Depends

from api.deps import ActorDep, AiSessionDep, SessionDep
from api.watch import PeriodDep, WatchedDep, watcher
from core.insights import queries
from core.insights.schemas import Overview, Scope

router = APIRouter(prefix="/admin", tags=["Watch"], dependencies=[Depends(watcher)])


@router.get("/overview")
def overview(session: SessionDep, ai: AiSessionDep, actor: ActorDep, period: PeriodDep, watched: WatchedDep) -> Overview:
    """Return users, onboarding, AI requests, feedback and batch runs of a period, each beside the period before."""
    return queries.overview(session, ai, Scope(period, watched), actor=actor)
