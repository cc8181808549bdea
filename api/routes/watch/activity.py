"""Routes of the product's users, their journeys, events and errors."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, CursorText, SessionDep, WindowDep
from api.exports import Format, csv_response, rows_after, rows_by_cursor, rows_by_page
from api.routes.watch.user_filters import EventFilterDep, SessionFilterDep, UserFilterDep
from api.watch_parameters import PeriodDep, WatchedDep, note_list, watcher
from core.activity.queries import anonymous, events, journeys, user_details, user_lists
from core.activity.queries.errors import error_codes
from core.activity.queries.events import EventFilter
from core.activity.queries.user_filter import UserFilter
from core.activity.queries.user_lists import UserOrder
from core.activity.views import (
    AnonymousJourney,
    AnonymousSummary,
    DailyCount,
    ErrorGroup,
    EventPage,
    EventView,
    Journey,
    UserSummary,
    UserView,
)
from core.database.db import Session
from core.database.paging import LARGEST_PAGE, Cursor, Page, SortedPage, Window
from core.identity.schemas import Actor
from core.presentation.periods import Period, Watched

ERROR_COLUMNS = tuple(name for name in ErrorGroup.model_fields if name != "samples")
EVENT_COLUMNS = tuple(name for name in EventView.model_fields if name != "truncated")
USER_COLUMNS = tuple(UserSummary.model_fields)
ANONYMOUS_COLUMNS, DAY_COLUMNS = (
    tuple(AnonymousSummary.model_fields),
    tuple(DailyCount.model_fields),
)

router = APIRouter(prefix="/admin", tags=["Watch: users"], dependencies=[Depends(watcher)])


@router.get("/users", response_model=SortedPage[UserSummary])
def users(
    session: SessionDep,
    actor: ActorDep,
    watched: WatchedDep,
    filters: UserFilterDep,
    window: WindowDep,
    sort: UserOrder = UserOrder.LAST_SEEN_FIRST,
    cursor: CursorText = None,
    format: Format = "json",
) -> SortedPage[UserSummary] | StreamingResponse:
    """List users with their onboarding progress; `step` is the last one reached, by number or event
    type.

    As CSV, all that match, by ID: in another order, users could move during the download.
    """
    if format == "csv":
        note_list(session, "users", actor, watched, **filters.model_dump())
        return csv_response("users", USER_COLUMNS, _all_users(filters, watched, actor))
    after = user_lists.sort_of(sort).read_cursor(cursor) if cursor else None
    return user_lists.list_users(
        session, filters, watched, sort, window=window, after=after, actor=actor
    )


# Above the next one, whose path would match, too
@router.get("/users/{user_key:path}/journey")
def journey(
    user_key: str,
    session: SessionDep,
    actor: ActorDep,
    watched: WatchedDep,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    cursor: CursorText = None,
) -> Journey:
    """Return a user's events, oldest first, with those of the user's sessions."""
    after = Cursor.read(cursor) if cursor else None
    return journeys.read_journey(session, user_key, watched, limit=limit, after=after, actor=actor)


@router.get("/users/{user_key:path}")
def user(user_key: str, session: SessionDep, actor: ActorDep, watched: WatchedDep) -> UserView:
    """Return a user, by either ID, with the events behind the onboarding status."""
    return user_details.get_user(session, user_key, watched, actor=actor)


@router.get("/anonymous", response_model=SortedPage[AnonymousSummary])
def anonymous_sessions(
    session: SessionDep,
    actor: ActorDep,
    watched: WatchedDep,
    filters: SessionFilterDep,
    window: WindowDep,
    cursor: CursorText = None,
    format: Format = "json",
) -> SortedPage[AnonymousSummary] | StreamingResponse:
    """List sessions without a user, with their progress; `q` is a part of the session ID."""
    if format == "csv":
        note_list(session, "anonymous", actor, watched, **filters.model_dump())
        return csv_response("anonymous", ANONYMOUS_COLUMNS, _all_anonymous(filters, watched, actor))
    after = anonymous.read_cursor(cursor) if cursor else None
    return anonymous.list_anonymous(
        session, filters, watched, window=window, after=after, actor=actor
    )


@router.get("/anonymous/{session_id:path}/journey")
def anonymous_journey(
    session_id: str,
    session: SessionDep,
    actor: ActorDep,
    watched: WatchedDep,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    cursor: CursorText = None,
) -> AnonymousJourney:
    """Return the events of a session without a user, oldest first, and its status."""
    after = Cursor.read(cursor) if cursor else None
    return journeys.read_anonymous(
        session, session_id, watched, limit=limit, after=after, actor=actor
    )


@router.get("/onboarding/errors", response_model=SortedPage[ErrorGroup])
def errors(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    filters: EventFilterDep,
    window: WindowDep,
    cursor: CursorText = None,
    format: Format = "json",
) -> SortedPage[ErrorGroup] | StreamingResponse:
    """List errors by code: events, affected users, and how many of those succeeded later."""
    if format == "csv":
        note_list(session, "onboarding_errors", actor, watched, period, **filters.model_dump())
        groups = error_codes.all_errors(session, filters, period, watched, actor=actor)
        return csv_response("onboarding-errors", ERROR_COLUMNS, groups)
    after = error_codes.SORT.read_cursor(cursor) if cursor else None
    return error_codes.list_errors(
        session, filters, period, watched, window=window, after=after, actor=actor
    )


@router.get("/onboarding/daily", response_model=Page[DailyCount])
def daily(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    window: WindowDep,
    format: Format = "json",
) -> Page[DailyCount] | StreamingResponse:
    """List events by day of the reporting time zone and type; only days and types with events."""
    counts = events.list_daily(session, period, watched, actor=actor)
    if format == "csv":
        note_list(session, "daily", actor, watched, period)
        return csv_response("daily", DAY_COLUMNS, counts)
    return window.page_of(counts)


@router.get("/onboarding/events", response_model=EventPage)
def recent(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    filters: EventFilterDep,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    cursor: CursorText = None,
    format: Format = "json",
) -> EventPage | StreamingResponse:
    """List events, newest first; as CSV, all that match."""
    if format == "csv":
        note_list(session, "events", actor, watched, period, **filters.model_dump())
        return csv_response("events", EVENT_COLUMNS, _all_events(filters, period, watched, actor))
    after = Cursor.read(cursor) if cursor else None
    items = events.list_events(
        session, filters, period, watched, limit=limit, after=after, actor=actor
    )
    next_cursor = str(Cursor(items[-1].created_at, items[-1].id)) if len(items) == limit else None
    return EventPage(items=items, limit=limit, next_cursor=next_cursor)


def _all_events(
    filters: EventFilter, period: Period, watched: Watched, actor: Actor
) -> Iterator[EventView]:
    def read(
        session: Session, limit: int, after: Cursor | None, *, whole: bool = False
    ) -> list[EventView]:
        return events.list_events(
            session, filters, period, watched, limit=limit, after=after, whole=whole, actor=actor
        )

    return rows_by_cursor(read, partial(read, whole=True))


def _all_users(filters: UserFilter, watched: Watched, actor: Actor) -> Iterator[UserSummary]:
    def read(session: Session, limit: int, after: UUID | None) -> list[UserSummary]:
        return user_lists.list_users_by_id(
            session, filters, watched, limit=limit, after=after, actor=actor
        )

    return rows_after(read, lambda row: row.id)


def _all_anonymous(
    filters: UserFilter, watched: Watched, actor: Actor
) -> Iterator[AnonymousSummary]:
    def read(session: Session, window: Window, cursor: str | None) -> SortedPage[AnonymousSummary]:
        after = anonymous.read_cursor(cursor) if cursor else None
        return anonymous.list_anonymous(
            session, filters, watched, window=window, after=after, actor=actor, count=False
        )

    return rows_by_page(read)
