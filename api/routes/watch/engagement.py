"""Routes of active users, retention and paths."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, SessionDep
from api.exports import Format, csv_response
from api.watch_parameters import PeriodDep, WatchedDep, note_list, watcher
from core.activity.engagement_views import (
    ActiveUsersRow,
    ActiveUsersView,
    ActivityInterval,
    PathDirection,
    PathRow,
    PathsView,
    RetentionRow,
    RetentionView,
)
from core.activity.queries import name_lists
from core.activity.queries.engagement import active_users_trend, paths, retention

ACTIVE_COLUMNS = tuple(ActiveUsersRow.model_fields)
RETENTION_COLUMNS = tuple(name for name in RetentionRow.model_fields if name != "interval")
PATH_COLUMNS = tuple(PathRow.model_fields)

router = APIRouter(
    prefix="/admin/onboarding", tags=["Watch: engagement"], dependencies=[Depends(watcher)]
)


@router.get("/active-users", response_model=ActiveUsersView)
def active_users(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    interval: ActivityInterval = ActivityInterval.DAY,
    format: Format = "json",
) -> ActiveUsersView | StreamingResponse:
    """Return active users by day, week or month, and stickiness (DAU/MAU)."""
    view = active_users_trend.read_active_users(session, period, watched, interval, actor=actor)
    if format == "csv":
        note_list(session, "active_users", actor, watched, period, interval=interval)
        return csv_response("active-users", ACTIVE_COLUMNS, view.items)
    return view


@router.get("/retention", response_model=RetentionView)
def read_retention(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    format: Format = "json",
) -> RetentionView | StreamingResponse:
    """Return retention by first week: how many of each cohort were active in the weeks after."""
    view = retention.read_retention(session, period, watched, actor=actor)
    if format == "csv":
        note_list(session, "retention", actor, watched, period)
        rows = [row for cohort in view.cohorts for row in cohort.weeks]
        return csv_response("retention", RETENTION_COLUMNS, rows)
    return view


@router.get("/paths", response_model=PathsView)
def read_paths(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    event: Annotated[
        str, Query(min_length=1, max_length=200, description="The event type paths begin with.")
    ],
    direction: PathDirection = PathDirection.AFTER,
    through: Annotated[
        str | None,
        Query(
            max_length=800,
            description="Only paths that begin with these steps: a,b. $end is the end; a name "
            'with a comma stands in quotes, as in CSV: a,"b,c".',
        ),
    ] = None,
    top: Annotated[
        int, Query(ge=1, le=paths.MOST_TYPES, description="Event types per step.")
    ] = paths.TOP,
    exact: Annotated[
        bool, Query(description="Read all users where else a sample would be read; slower.")
    ] = False,
    format: Format = "json",
) -> PathsView | StreamingResponse:
    """Return what users do after their first event of a type in the period, or before it."""
    steps = name_lists.parse(through or "")
    top = top if format == "json" else paths.MOST_TYPES
    view = paths.read_paths(
        session, period, watched, event, direction, steps, top, is_exact=exact, actor=actor
    )
    if format == "csv":
        note_list(session, "paths", actor, watched, period, event=event, direction=direction)
        return csv_response("paths", PATH_COLUMNS, paths.rows_of(view))
    return view
