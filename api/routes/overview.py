"""The Overview: key figures, findings and releases."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from api.deps import ActorDep, AiSessionDep, SessionDep
from api.watch import PeriodDep, WatchedDep, watcher
from core.activity.queries.releases import MOST, ReleaseSeen, list_releases
from core.insights import queries
from core.insights.findings import Findings
from core.insights.findings import findings as look_for_findings
from core.insights.schemas import Overview, WatchScope
from core.insights.tiles import overview_tiles
from core.presentation.comparison import Tiles

router = APIRouter(prefix="/admin", tags=["Watch"], dependencies=[Depends(watcher)])


class ReleaseList(BaseModel):
    """Releases of the apps that are watched."""

    items: list[ReleaseSeen]
    total_count: int
    limit: int
    offset: int


@router.get("/overview/tiles")
def tiles(session: SessionDep, ai: AiSessionDep, actor: ActorDep, period: PeriodDep, watched: WatchedDep) -> Tiles:
    """Say what the key figures are and were, and whether their change is news: what has not ended is compared with as much."""
    return Tiles(items=overview_tiles(session, ai, WatchScope(period, watched), actor=actor))


@router.get("/overview/findings")
def findings(session: SessionDep, ai: AiSessionDep, actor: ActorDep, period: PeriodDep, watched: WatchedDep) -> Findings:
    """Say what needs attention, the worst first, each with the console's page that shows the evidence."""
    return look_for_findings(session, ai, WatchScope(period, watched), actor=actor)


@router.get("/releases")
def releases(session: SessionDep, actor: ActorDep, period: PeriodDep, watched: WatchedDep) -> ReleaseList:
    """List the releases that were seen first in a period, the earliest first: the marks on charts."""
    found = list_releases(session, period, watched, actor=actor)
    return ReleaseList(items=found, total_count=len(found), limit=MOST, offset=0)


@router.get("/overview")
def overview(session: SessionDep, ai: AiSessionDep, actor: ActorDep, period: PeriodDep, watched: WatchedDep) -> Overview:
    """Return users, onboarding, AI requests, feedback and batch runs of a period, each beside the period before.

    With them, how many reviews wait now.
    """
    return queries.overview(session, ai, WatchScope(period, watched), actor=actor)
