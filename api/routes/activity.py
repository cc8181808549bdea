"""Users of the product, their journeys, events and errors."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.deps import ActorDep, SessionDep, WindowDep
from api.exports import cells, csv_response, rows_after, rows_by_cursor, rows_by_window
from api.watch import PeriodDep, WatchedDep, note_list, watcher
from core.activity.answers import (
    AnonymousJourney,
    AnonymousSummary,
    DailyCount,
    ErrorGroup,
    EventPage,
    EventView,
    Journey,
    OnboardingStatus,
    UserSummary,
    UserView,
)
from core.activity.funnels.funnel import STEPS
from core.activity.queries import anonymous, events, journeys, user_lists
from core.activity.queries.events import EventFilter
from core.activity.queries.user_lists import UserFilter, UserOrder
from core.database.db import Session
from core.database.paging import LARGEST_PAGE, Cursor, Window
from core.errors import Invalid
from core.identity.schemas import Actor
from core.presentation.periods import Period, Watched

EVENT_COLUMNS = tuple(name for name in EventView.model_fields if name != "truncated")
USER_COLUMNS = tuple(UserSummary.model_fields)
ANONYMOUS_COLUMNS, DAY_COLUMNS = tuple(AnonymousSummary.model_fields), tuple(DailyCount.model_fields)

router = APIRouter(prefix="/admin", tags=["Watch: users"], dependencies=[Depends(watcher)])

Format = Literal["json", "csv"]
CursorGiven = Annotated[str | None, Query(max_length=80)]
Text = Annotated[str | None, Query(max_length=200)]


class UserList(BaseModel):
    """Users with how far they are."""

    items: list[UserSummary]
    total_count: int
    limit: int
    offset: int


class AnonymousList(BaseModel):
    """Sessions without a user, the one that began onboarding last first."""

    items: list[AnonymousSummary]
    total_count: int
    limit: int
    offset: int


class ErrorList(BaseModel):
    """Errors by code, the most frequent first."""

    items: list[ErrorGroup]
    total_count: int
    limit: int
    offset: int


class DailyList(BaseModel):
    """Events per day and type."""

    items: list[DailyCount]
    total_count: int
    limit: int
    offset: int


async def user_filter(q: Text = None, status: OnboardingStatus | None = None, step: Text = None) -> UserFilter:
    """Return which users are wanted."""
    return UserFilter(q=q or None, status=status, step=_step(step) if step else None)


def _step(given: str) -> int:
    if given in STEPS:
        return STEPS.index(given) + 1
    if given.isdecimal() and int(given) <= len(STEPS):
        return int(given)
    raise Invalid(f"step must be a number from 0 to {len(STEPS)}, or one of {', '.join(STEPS)}.")


async def event_filter(
    event_type: Text = None,
    category: Text = None,
    session_id: Text = None,
    error_code: Annotated[str | None, Query(max_length=500)] = None,
    only_errors: bool = False,
) -> EventFilter:
    """Return which events are wanted."""
    return EventFilter(
        event_type=event_type or None,
        category=category or None,
        session_id=session_id or None,
        error_code=error_code or None,
        only_errors=only_errors,
    )


UserFilterDep = Annotated[UserFilter, Depends(user_filter)]
EventFilterDep = Annotated[EventFilter, Depends(event_filter)]


@router.get("/users", response_model=UserList)
def users(
    session: SessionDep,
    actor: ActorDep,
    watched: WatchedDep,
    wanted: UserFilterDep,
    window: WindowDep,
    sort: UserOrder = UserOrder.LAST_SEEN_FIRST,
    format: Format = "json",
) -> UserList | StreamingResponse:
    """List users with how far they are in onboarding; `step` is the last one reached, by number or event type.

    As CSV every one that matches, by id: another order changes while the file is written.
    """
    if format == "csv":
        note_list(session, "users", actor, watched, **wanted.model_dump())
        return csv_response("users", USER_COLUMNS, _user_cells(wanted, watched, actor))
    page = user_lists.list_users(session, wanted, watched, sort, window=window, actor=actor)
    return UserList(items=page.items, total_count=page.total_count, limit=window.limit, offset=window.offset)


@router.get("/users/{user_key}")
def user(user_key: str, session: SessionDep, actor: ActorDep, watched: WatchedDep) -> UserView:
    """Return a user, by our id or the sender's, with why he is counted as he is."""
    return user_lists.get_user(session, user_key, watched, actor=actor)


@router.get("/users/{user_key}/journey")
def journey(
    user_key: str,
    session: SessionDep,
    actor: ActorDep,
    watched: WatchedDep,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    cursor: CursorGiven = None,
) -> Journey:
    """Return what a user did, oldest first, also without a name in sessions that are his."""
    after = Cursor.read(cursor) if cursor else None
    return journeys.read_journey(session, user_key, watched, limit=limit, after=after, actor=actor)


@router.get("/anonymous", response_model=AnonymousList)
def anonymous_sessions(
    session: SessionDep, actor: ActorDep, watched: WatchedDep, wanted: UserFilterDep, window: WindowDep, format: Format = "json"
) -> AnonymousList | StreamingResponse:
    """List sessions without a user with how far they are in onboarding; `q` is a part of their id."""
    if format == "csv":
        note_list(session, "anonymous", actor, watched, **wanted.model_dump())
        return csv_response("anonymous", ANONYMOUS_COLUMNS, _anonymous_cells(wanted, watched, actor))
    page = anonymous.list_anonymous(session, wanted, watched, window=window, actor=actor)
    return AnonymousList(items=page.items, total_count=page.total_count, limit=window.limit, offset=window.offset)


@router.get("/anonymous/{session_id:path}/journey")
def anonymous_journey(
    session_id: str,
    session: SessionDep,
    actor: ActorDep,
    watched: WatchedDep,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    cursor: CursorGiven = None,
) -> AnonymousJourney:
    """Return what happened in a session without a user, oldest first, and why it is counted as it is."""
    after = Cursor.read(cursor) if cursor else None
    return journeys.read_anonymous(session, session_id, watched, limit=limit, after=after, actor=actor)


@router.get("/onboarding/errors")
def errors(
    session: SessionDep, actor: ActorDep, period: PeriodDep, watched: WatchedDep, wanted: EventFilterDep, window: WindowDep
) -> ErrorList:
    """List errors by code: how many, of how many users, and how many of them succeeded later."""
    page = events.list_errors(session, wanted, period, watched, window=window, actor=actor)
    return ErrorList(items=page.items, total_count=page.total_count, limit=window.limit, offset=window.offset)


@router.get("/onboarding/daily", response_model=DailyList)
def daily(
    session: SessionDep, actor: ActorDep, period: PeriodDep, watched: WatchedDep, window: WindowDep, format: Format = "json"
) -> DailyList | StreamingResponse:
    """List events per day of the reporting time zone and type; days and types without any are left out."""
    found = events.list_daily(session, period, watched, actor=actor)
    if format == "csv":
        note_list(session, "daily", actor, watched, period)
        return csv_response("daily", DAY_COLUMNS, [cells(each, DAY_COLUMNS) for each in found])
    page = found[window.offset : window.offset + window.limit]
    return DailyList(items=page, total_count=len(found), limit=window.limit, offset=window.offset)


@router.get("/onboarding/events", response_model=EventPage)
def recent(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    wanted: EventFilterDep,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    cursor: CursorGiven = None,
    format: Format = "json",
) -> EventPage | StreamingResponse:
    """List events, the newest first; as CSV, every one that matches."""
    if format == "csv":
        note_list(session, "events", actor, watched, period, **wanted.model_dump())
        return csv_response("events", EVENT_COLUMNS, _event_cells(wanted, period, watched, actor))
    after = Cursor.read(cursor) if cursor else None
    items = events.list_events(session, wanted, period, watched, limit=limit, after=after, actor=actor)
    following = str(Cursor(items[-1].created_at, items[-1].id)) if len(items) == limit else None
    return EventPage(items=items, limit=limit, next_cursor=following)


def _event_cells(wanted: EventFilter, period: Period, watched: Watched, actor: Actor) -> Iterator[list[object]]:
    def read(session: Session, limit: int, after: Cursor | None, *, whole: bool = False) -> list[EventView]:
        return events.list_events(session, wanted, period, watched, limit=limit, after=after, whole=whole, actor=actor)

    return (cells(each, EVENT_COLUMNS) for each in rows_by_cursor(read, partial(read, whole=True)))


def _user_cells(wanted: UserFilter, watched: Watched, actor: Actor) -> Iterator[list[object]]:
    def read(session: Session, limit: int, after: UUID | None) -> list[UserSummary]:
        return user_lists.list_users_by_id(session, wanted, watched, limit=limit, after=after, actor=actor)

    return (cells(each, USER_COLUMNS) for each in rows_after(read, lambda each: each.id))


def _anonymous_cells(wanted: UserFilter, watched: Watched, actor: Actor) -> Iterator[list[object]]:
    def read(session: Session, window: Window) -> list[AnonymousSummary]:
        return anonymous.list_anonymous(session, wanted, watched, window=window, actor=actor, count=False).items

    return (cells(each, ANONYMOUS_COLUMNS) for each in rows_by_window(read))
