"""The filters of lists of users, sessions and events, as calls state them."""

from typing import Annotated

from fastapi import Depends, Query

from api.deps import SessionDep
from core.activity.queries.events import EventFilter
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.activity.queries.user_filter import DayRange, PathTaken, UserFilter
from core.activity.views import OnboardingStatus
from core.database.db import Session
from core.errors import Invalid

Text = Annotated[str | None, Query(max_length=200)]
DaysText = Annotated[
    str | None, Query(max_length=40, description="Days: 2026-10-01..2026-10-08 (end not included).")
]
PathText = Annotated[
    str | None,
    Query(
        max_length=1000,
        description="after or before, the start, the end, the event type and up to three steps of "
        "a path: after,2026-10-01T00:00Z,2026-10-08T00:00Z,signed.up,plan.chosen ($end is the "
        "end of the path).",
    ),
]
# Refused rather than ignored: the list would show more than was asked for
RefusedText = Annotated[str | None, Query(include_in_schema=False)]


def user_filter(
    session: SessionDep,
    q: Text = None,
    status: OnboardingStatus | None = None,
    step: Text = None,
    active: DaysText = None,
    first_active: DaysText = None,
    path: PathText = None,
) -> UserFilter:
    """Return the requested filters; raise DayRangeRefused or PathRefused."""
    return UserFilter(
        q=q or None,
        status=status,
        step=_step(session, step) if step else None,
        active=str(DayRange.read(active)) if active else None,
        first_active=str(DayRange.read(first_active)) if first_active else None,
        path=str(PathTaken.read(path)) if path else None,
    )


def _step(session: Session, step: str) -> int:
    names = read_workspace_funnel(session).names
    # Names first: an event type may be a number
    if step in names:
        return names.index(step) + 1
    if step.isdecimal() and int(step) <= len(names):
        return int(step)
    raise Invalid(f"step must be a number from 0 to {len(names)}, or one of {', '.join(names)}.")


async def event_filter(
    event_type: Text = None,
    category: Text = None,
    session_id: Text = None,
    error_code: Annotated[str | None, Query(max_length=500)] = None,
    only_errors: bool = False,
) -> EventFilter:
    """Return the requested filters."""
    return EventFilter(
        event_type=event_type or None,
        category=category or None,
        session_id=session_id or None,
        error_code=error_code or None,
        only_errors=only_errors,
    )


def session_filter(
    session: SessionDep,
    q: Text = None,
    status: OnboardingStatus | None = None,
    step: Text = None,
    path: PathText = None,
    active: RefusedText = None,
    first_active: RefusedText = None,
) -> UserFilter:
    """Return the requested filters; raise Invalid for days, which are counted of users alone."""
    if active or first_active:
        raise Invalid("Anonymous sessions have no days. Remove active and first_active.")
    return user_filter(session, q, status, step, path=path)


UserFilterDep = Annotated[UserFilter, Depends(user_filter)]
SessionFilterDep = Annotated[UserFilter, Depends(session_filter)]
EventFilterDep = Annotated[EventFilter, Depends(event_filter)]
