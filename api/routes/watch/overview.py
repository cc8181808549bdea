"""Routes of the Overview: KPIs, findings and releases."""

from fastapi import APIRouter, Depends

from api.deps import ActorDep, AiSessionDep, SessionDep
from api.watch_parameters import PeriodDep, WatchedDep, watcher
from core.activity.queries.releases import MOST, ReleaseSeen, list_releases
from core.database.paging import Page
from core.insights.findings import recent_findings
from core.insights.kpis import overview_kpis
from core.insights.queries import overview as queries
from core.insights.schemas import Findings, Overview, WatchScope
from core.presentation.comparison import Kpis

router = APIRouter(prefix="/admin", tags=["Watch"], dependencies=[Depends(watcher)])


@router.get("/overview/tiles")
def key_figures(
    session: SessionDep, ai: AiSessionDep, actor: ActorDep, period: PeriodDep, watched: WatchedDep
) -> Kpis:
    """Return the KPIs of a period, each compared with as much of the previous period."""
    return Kpis(items=overview_kpis(session, ai, WatchScope(period, watched), actor=actor))


@router.get("/overview/findings")
def findings(
    session: SessionDep, ai: AiSessionDep, actor: ActorDep, period: PeriodDep, watched: WatchedDep
) -> Findings:
    """Return what needs attention in the 30 days up to the end of the period, most important first,
    each with its cause and the page of its evidence.
    """
    return recent_findings(session, ai, WatchScope(period, watched), actor=actor)


@router.get("/releases")
def releases(
    session: SessionDep, actor: ActorDep, period: PeriodDep, watched: WatchedDep
) -> Page[ReleaseSeen]:
    """List the releases first seen in a period, earliest first: the marks on charts."""
    items = list_releases(session, period, watched, actor=actor)
    return Page(items=items, total_count=len(items), limit=MOST, offset=0)


@router.get("/overview")
def overview(
    session: SessionDep, ai: AiSessionDep, actor: ActorDep, period: PeriodDep, watched: WatchedDep
) -> Overview:
    """Return users, onboarding, AI requests, feedback and batch runs of a period and the previous
    one, of which an open period is beside as much as has passed. Users count by whole days.

    Also how many reviews are waiting now.
    """
    return queries.overview(session, ai, WatchScope(period, watched), actor=actor)
