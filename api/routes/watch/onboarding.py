"""Routes of the onboarding funnel, saved or ad hoc: steps, comparison, trend, and users by step."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, CursorText, SessionDep, WindowDep
from api.exports import Format, csv_response, rows_by_page
from api.watch_parameters import PeriodDep, WatchedDep, note_list, watcher
from core.activity.funnel_views import (
    CohortDay,
    ConversionTrend,
    FunnelComparison,
    FunnelStep,
    FunnelView,
    TimeToDropOff,
)
from core.activity.queries.funnels import (
    conversion_trend,
    funnel,
    funnel_comparison,
    funnel_counts,
    segments,
    time_to_drop_off,
)
from core.activity.queries.funnels.funnel import Funnel
from core.activity.queries.funnels.segments import Segment, SegmentChoice
from core.activity.queries.funnels.workspace_funnel import asked_funnel
from core.activity.schemas import MOST_WINDOW_DAYS
from core.database.db import Session
from core.database.paging import Page, SortedPage, Window
from core.identity.schemas import Actor
from core.insights.queries import drop_off_errors, drop_offs
from core.insights.queries.drop_off_errors import DropOffErrors
from core.insights.queries.drop_offs import StoppedUser, TimeRange
from core.presentation.periods import Period, Watched

STEP_COLUMNS, DAY_COLUMNS = tuple(FunnelStep.model_fields), tuple(CohortDay.model_fields)
STOPPED_COLUMNS = tuple(StoppedUser.model_fields)
StoppedQuery = tuple[Period, Watched, Funnel | None, Segment | None, int]
Took = Annotated[
    str | None,
    Query(
        max_length=30,
        description="Seconds from the first step, as a bar of the time to convert: `60-90`.",
    ),
]

DroppedOffAfter = Annotated[
    str | None,
    Query(
        max_length=30,
        description="Seconds from the first step to the last event, as a bar of the time to "
        "drop-off: `60-90`. Lists all who reached `step` and did not convert.",
    ),
]

router = APIRouter(
    prefix="/admin/onboarding", tags=["Watch: onboarding"], dependencies=[Depends(watcher)]
)


@dataclass(frozen=True)
class FunnelQuery:
    """The requested funnel and segment."""

    funnel: Funnel
    segment: Segment | None

    @property
    def words(self) -> dict[str, object]:
        """The filters for the audit log."""
        steps = funnel.written(self.funnel.steps)
        return {
            "steps": steps,
            "window_days": self.funnel.window.days,
            "segment": str(self.segment) if self.segment else None,
        }


def funnel_query(
    session: SessionDep,
    steps: Annotated[
        str | None,
        Query(
            max_length=4000,
            description="Event types instead of the workspace's funnel: a,b|c,d? (b or c; d "
            "optional).",
        ),
    ] = None,
    window_days: Annotated[
        int | None,
        Query(
            ge=1,
            le=MOST_WINDOW_DAYS,
            description="Days after the first step; by default the workspace funnel's, or 30 with "
            "steps of your own.",
        ),
    ] = None,
    any_order: Annotated[
        bool | None, Query(description="Whether steps count in any order.")
    ] = None,
    segment: Annotated[
        str | None, Query(max_length=800, description="trait.plan=pro, source=ads or release=2.4.")
    ] = None,
) -> FunnelQuery:
    """Return the requested funnel."""
    return FunnelQuery(
        asked_funnel(session, steps, window_days, any_order=any_order),
        Segment.read(segment) if segment else None,
    )


QueryDep = Annotated[FunnelQuery, Depends(funnel_query)]
StepNumber = Annotated[int, Query(ge=1, le=20, description="The number of the step, from 1.")]


@router.get("/funnel", response_model=FunnelView)
def read_funnel(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    query: QueryDep,
    format: Format = "json",
) -> FunnelView | StreamingResponse:
    """Return how many users reached each step; a user counts in the period of the first step."""
    view = funnel_counts.read_funnel(
        session, period, watched, query.funnel, query.segment, actor=actor
    )
    if format == "csv":
        note_list(session, "funnel", actor, watched, period, **query.words)
        return csv_response("funnel", STEP_COLUMNS, view.steps)
    return view


@router.get("/comparison")
def comparison(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    query: QueryDep,
    against: Annotated[
        str, Query(max_length=800, description="previous, 2026-10-01..2026-10-08, or a segment.")
    ] = "previous",
) -> FunnelComparison:
    """Return the funnel, that of another period or segment, and the differences."""
    return funnel_comparison.compare_funnels(
        session, period, watched, query.funnel, query.segment, against, actor=actor
    )


@router.get("/course", response_model=ConversionTrend)
def course(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    query: QueryDep,
    format: Format = "json",
) -> ConversionTrend | StreamingResponse:
    """Return who completed, by day of the first step and by time to convert; as CSV, the days."""
    view = conversion_trend.read_conversion_trend(
        session, period, watched, query.funnel, query.segment, actor=actor
    )
    if format == "csv":
        note_list(session, "cohorts", actor, watched, period, **query.words)
        return csv_response("cohorts", DAY_COLUMNS, view.days)
    return view


@router.get("/stays")
def read_time_to_drop_off(
    session: SessionDep, actor: ActorDep, period: PeriodDep, watched: WatchedDep, query: QueryDep
) -> TimeToDropOff:
    """Return the time to drop-off of users who did not complete."""
    return time_to_drop_off.read_time_to_drop_off(
        session, period, watched, query.funnel, query.segment, actor=actor
    )


@router.get("/stopped", response_model=SortedPage[StoppedUser])
def list_stopped(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    query: QueryDep,
    window: WindowDep,
    step: StepNumber = 1,
    took: Took = None,
    dropped_off_after: DroppedOffAfter = None,
    cursor: CursorText = None,
    format: Format = "json",
) -> SortedPage[StoppedUser] | StreamingResponse:
    """List users who reached a step and no later required one, with their last error."""
    within = TimeRange.of(took, dropped_off_after)
    asked = (period, watched, query.funnel, query.segment, step)
    after = drop_offs.read_cursor(cursor) if cursor else None
    # For the CSV, too: a step that is refused still has a status, which a download has sent
    page = drop_offs.list_stopped(session, *asked, window, within, after=after, actor=actor)
    if format == "csv":
        note_list(session, "stopped", actor, watched, period, step=step, **query.words)
        return csv_response("stopped", STOPPED_COLUMNS, _all_stopped(asked, within, actor))
    return page


@router.get("/drop-off-errors")
def read_drop_off_errors(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    query: QueryDep,
    window: WindowDep,
) -> Page[DropOffErrors]:
    """List the steps with their drop-offs, and how many of these met an error at the step."""
    found = drop_off_errors.drop_off_errors(
        session, period, watched, query.funnel, query.segment, actor=actor
    )
    return window.page_of(found)


@router.get("/segments")
def list_segments(
    session: SessionDep, actor: ActorDep, watched: WatchedDep, window: WindowDep
) -> Page[SegmentChoice]:
    """List the segments of users' traits, and the latest releases."""
    all_segments = segments.list_segments(session, watched, actor=actor)
    return window.page_of(all_segments)


def _all_stopped(
    query: StoppedQuery, took: TimeRange | None, actor: Actor
) -> Iterator[StoppedUser]:
    def read(session: Session, window: Window, cursor: str | None) -> SortedPage[StoppedUser]:
        after = drop_offs.read_cursor(cursor) if cursor else None
        return drop_offs.list_stopped(
            session, *query, window, took, after=after, actor=actor, count=False
        )

    return rows_by_page(read)
