"""Events of every type by day, or by hour for a single day."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from core.activity.queries.event_counts import count_by_hour
from core.activity.queries.events import list_daily
from core.activity.schemas import EventTypeTrend
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.presentation.periods import Period, Watched, day_of, midnight

MOST_POINTS = 400  # a chart has room for no more: then a point is several days
Counted = tuple[int, int, int]  # the number of the interval, events, errors


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
