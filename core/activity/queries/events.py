"""Lists of events, and events by day or hour and type."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from core.activity.models.events import Event, PendingEvent
from core.activity.models.users import User
from core.activity.queries.event_counts import count_by_day, count_by_hour
from core.activity.schemas import EventTypeTrend
from core.activity.views import DailyCount, EventView
from core.database import shortened
from core.database.paging import Cursor
from core.database.tables import table_of
from core.identity.permissions import Permission, require, without_contents
from core.identity.schemas import Actor, View
from core.platform import clock
from core.presentation.formatting import NONE
from core.presentation.periods import Period, Watched, day_of, midnight

CONTENTS = ("event_data", "error_message")  # of an event, what may hold words of users
PLAIN = tuple(
    name for name in EventView.model_fields if name not in ("user", "truncated", *CONTENTS)
)
COUNTED = ("event_type", "events", "errors")
MOST_POINTS = 400  # a chart has room for no more: then a point is several days
Counted = tuple[int, int, int]  # the number of the interval, events, errors
events, users = table_of(Event).alias("event"), table_of(User)
IS_ERROR: ColumnElement[bool] = func.is_error(
    events.c.error_code, events.c.event_type, type_=Boolean
)


class EventFilter(View):
    """Filters of events; None is no filter, the error code `(none)` selects events without one."""

    event_type: str | None = None
    category: str | None = None
    session_id: str | None = None
    error_code: str | None = None
    only_errors: bool = False


def list_events(
    session: Session,
    filters: EventFilter,
    period: Period,
    watched: Watched,
    *,
    limit: int,
    after: Cursor | None = None,
    whole: bool = False,
    actor: Actor,
) -> list[EventView]:
    """Return events after a cursor, newest first; long contents are cut unless `whole`."""
    require(actor, Permission.WATCH)
    conditions = event_conditions(filters, period, watched)
    if after is not None:
        conditions.append(tuple_(events.c.created_at, events.c.id) < (after.created_at, after.id))
    newest = (events.c.created_at.desc(), events.c.id.desc())
    page = select(events).where(*conditions).order_by(*newest).limit(limit).subquery("page")
    # Only the rows of the page are shortened and get the names of their users
    row = page.c
    contents: list[ColumnElement[Any]] = [row[name] for name in CONTENTS]
    if not whole:
        contents = [
            shortened.json(row.event_data).label("event_data"),
            shortened.text(row.error_message).label("error_message"),
            shortened.names(*contents),
        ]
    shown = select(*(row[name] for name in PLAIN), *contents, users.c.external_id.label("user"))
    found = shown.outerjoin_from(page, users, users.c.id == row.user_id).order_by(
        row.created_at.desc(), row.id.desc()
    )
    rows = session.execute(found).mappings()
    return [EventView.model_validate(without_contents(row, *CONTENTS, actor=actor)) for row in rows]


def list_daily(
    session: Session, period: Period, watched: Watched, *, actor: Actor
) -> list[DailyCount]:
    """Return events by day and type; a filter by user reads raw rows."""
    require(actor, Permission.WATCH)
    return [
        DailyCount(date=row["day"], **{name: row[name] for name in COUNTED})
        for row in count_by_day(session, period, watched)
    ]


def event_conditions(
    filters: EventFilter, period: Period, watched: Watched
) -> list[ColumnElement[bool]]:
    """Return the conditions for the filtered events of a period."""
    row = events.c
    found = [
        row.created_at >= period.start,
        row.created_at < period.end,
        row.environment == watched.environment,
    ]
    equal = {
        "app": watched.app,
        "release": watched.release,
        "event_type": filters.event_type,
        "event_category": filters.category,
    }
    equal |= {"session_id": filters.session_id}
    found += [row[name] == value for name, value in equal.items() if value is not None]
    found += [row.user_id.in_(watched.users)] if watched.users is not None else []
    if filters.error_code is not None:
        code = None if filters.error_code == NONE else filters.error_code
        found.append(row.error_code.is_not_distinct_from(code))
    return found + ([IS_ERROR] if filters.only_errors else [])


def event_type_trends(
    session: Session, period: Period, watched: Watched, *, actor: Actor
) -> list[EventTypeTrend]:
    """Return every event type, most frequent first; future intervals are left out."""
    require(actor, Permission.WATCH)
    by_type: dict[str, list[Counted]] = defaultdict(list)
    if period.is_one_day:
        starts = period.hours_by(clock.now())
        for hour in count_by_hour(session, period, watched, starts):
            by_type[hour["event_type"]].append((hour["hour"] - 1, hour["events"], hour["errors"]))
    else:
        today = day_of(clock.now(), period.zone)
        days = [day for day in period.days if day <= today]
        each = -(-len(days) // MOST_POINTS) or 1  # rounded up
        place = {day: number // each for number, day in enumerate(days)}
        starts = [midnight(day, period.zone) for day in days[::each]]
        for row in list_daily(session, period, watched, actor=actor):
            by_type[row.event_type].append(
                (place.get(row.date, len(starts)), row.events, row.errors)
            )
    found = [_course(name, rows, starts) for name, rows in by_type.items()]
    return sorted(found, key=lambda course: (-course.events, course.event_type))


def pending_since(session: Session) -> datetime | None:
    """Return since when users and funnels are behind what programs have sent, or None."""
    first = select(PendingEvent.stored_at).order_by(PendingEvent.id).limit(1)
    return session.scalar(first)


def _course(name: str, rows: Iterable[Counted], starts: Sequence[datetime]) -> EventTypeTrend:
    rows = list(rows)
    events, errors = [0] * len(starts), [0] * len(starts)
    for number, of_all, failed in rows:
        if number < len(starts):
            events[number] += of_all
            errors[number] += failed
    return EventTypeTrend(
        event_type=name,
        events=sum(of_all for _, of_all, _ in rows),
        errors=sum(failed for *_, failed in rows),
        starts=list(starts),
        event_counts=events,
        error_counts=errors,
    )
