"""The onboarding funnel, saved or ad hoc: steps, comparison, trend, and users by step."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.deps import ActorDep, SessionDep, WindowDep
from api.exports import cells, csv_response, rows_by_window
from api.watch import PeriodDep, WatchedDep, note_list, watcher
from core.activity.answers import CohortDay, FunnelComparison, FunnelCourse, FunnelStep, FunnelView, Stays
from core.activity.funnels import completion, conversion, funnel, funnel_comparison, segments, time_to_drop_off
from core.activity.funnels.funnel import MOST_WINDOW_DAYS, WINDOW, Funnel
from core.activity.funnels.segments import Segment, SegmentChoice
from core.database.db import Session
from core.database.paging import Window
from core.identity.schemas import Actor
from core.insights import stopped_users
from core.insights.stopped_users import StoppedUser
from core.presentation.periods import Period, Watched

STEP_COLUMNS, DAY_COLUMNS = tuple(FunnelStep.model_fields), tuple(CohortDay.model_fields)
STOPPED_COLUMNS = tuple(StoppedUser.model_fields)
Format = Literal["json", "csv"]

router = APIRouter(prefix="/admin/onboarding", tags=["Watch: onboarding"], dependencies=[Depends(watcher)])


@dataclass(frozen=True)
class FunnelQuery:
    """Which funnel, and of whom."""

    funnel: Funnel
    segment: Segment | None

    @property
    def words(self) -> dict[str, object]:
        """What the audit log says of it."""
        steps = funnel.written(self.funnel.steps)
        return {"steps": steps, "window_days": self.funnel.window.days, "segment": str(self.segment) if self.segment else None}


class SegmentList(BaseModel):
    """Segments by traits, the first source first, and releases."""

    items: list[SegmentChoice]
    total_count: int
    limit: int
    offset: int


class StoppedList(BaseModel):
    """Users who stopped at a step, who began last first."""

    items: list[StoppedUser]
    total_count: int
    limit: int
    offset: int


async def asked_funnel(
    steps: Annotated[
        str | None, Query(max_length=4000, description="Others than the five: a,b|c,d? (b or c; d optional).")
    ] = None,
    window_days: Annotated[int, Query(ge=1, le=MOST_WINDOW_DAYS, description="Counted from the first step.")] = WINDOW.days,
    any_order: Annotated[bool, Query(description="Whether steps count in whatever order they come.")] = False,
    segment: Annotated[str | None, Query(max_length=800, description="trait.plan=pro, source=ads or release=2.4.")] = None,
) -> FunnelQuery:
    """Return which funnel is asked for."""
    return FunnelQuery(funnel.read(steps, window_days, any_order=any_order), Segment.read(segment) if segment else None)


AskedDep = Annotated[FunnelQuery, Depends(asked_funnel)]
StepGiven = Annotated[int, Query(ge=1, le=20, description="From 1 on.")]


@router.get("/funnel", response_model=FunnelView)
def read_funnel(
    session: SessionDep, actor: ActorDep, period: PeriodDep, watched: WatchedDep, asked: AskedDep, format: Format = "json"
) -> FunnelView | StreamingResponse:
    """Return how many users reached each step; each belongs to the period of his first one."""
    found = conversion.read_funnel(session, period, watched, asked.funnel, asked.segment, actor=actor)
    if format == "csv":
        note_list(session, "funnel", actor, watched, period, **asked.words)
        return csv_response("funnel", STEP_COLUMNS, [cells(step, STEP_COLUMNS) for step in found.steps])
    return found


@router.get("/comparison")
def comparison(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    asked: AskedDep,
    against: Annotated[str, Query(max_length=800, description="previous, 2026-10-01..2026-10-08, or a segment.")] = "previous",
) -> FunnelComparison:
    """Return the funnel beside that of another period or segment, and how their rates differ."""
    return funnel_comparison.compare_funnels(session, period, watched, asked.funnel, asked.segment, against, actor=actor)


@router.get("/course", response_model=FunnelCourse)
def course(
    session: SessionDep, actor: ActorDep, period: PeriodDep, watched: WatchedDep, asked: AskedDep, format: Format = "json"
) -> FunnelCourse | StreamingResponse:
    """Return who came through, by the day of his first step and by the time that it took him; as CSV, the days."""
    found = completion.read_course(session, period, watched, asked.funnel, asked.segment, actor=actor)
    if format == "csv":
        note_list(session, "cohorts", actor, watched, period, **asked.words)
        return csv_response("cohorts", DAY_COLUMNS, [cells(day, DAY_COLUMNS) for day in found.days])
    return found


@router.get("/stays")
def read_stays(session: SessionDep, actor: ActorDep, period: PeriodDep, watched: WatchedDep, asked: AskedDep) -> Stays:
    """Return how long those stayed who have not come through."""
    return time_to_drop_off.read_stays(session, period, watched, asked.funnel, asked.segment, actor=actor)


@router.get("/stopped", response_model=StoppedList)
def list_stopped(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    asked: AskedDep,
    window: WindowDep,
    step: StepGiven = 1,
    format: Format = "json",
) -> StoppedList | StreamingResponse:
    """List who reached a step and no required one after it, with his last error and his last conversation."""
    page = stopped_users.list_stopped(session, period, watched, asked.funnel, asked.segment, step, window, actor=actor)
    if format == "csv":
        note_list(session, "stopped", actor, watched, period, step=step, **asked.words)
        return csv_response("stopped", STOPPED_COLUMNS, _stopped_cells(period, watched, asked, step, actor))
    return StoppedList(items=page.items, total_count=page.total_count, limit=window.limit, offset=window.offset)


@router.get("/segments")
def list_segments(session: SessionDep, actor: ActorDep, watched: WatchedDep, window: WindowDep) -> SegmentList:
    """List the segments that the traits of users make, and the latest releases."""
    found = segments.list_segments(session, watched, actor=actor)
    page = found[window.offset : window.offset + window.limit]
    return SegmentList(items=page, total_count=len(found), limit=window.limit, offset=window.offset)


def _stopped_cells(period: Period, watched: Watched, asked: FunnelQuery, step: int, actor: Actor) -> Iterator[list[object]]:
    def read(session: Session, window: Window) -> list[StoppedUser]:
        chosen = asked.funnel, asked.segment, step, window
        return stopped_users.list_stopped(session, period, watched, *chosen, actor=actor, count=False).items

    return (cells(each, STOPPED_COLUMNS) for each in rows_by_window(read))
