"""Every type of event over the days of a period."""

from collections import defaultdict
from datetime import date

from sqlalchemy.orm import Session

from core import clock
from core.activity.answers import DailyCount
from core.activity.events import list_daily
from core.identity.schemas import Actor, View
from core.periods import Period, Watched, day_of

MOST_POINTS = 400


class TypeCourse(View):
    """One type of event: how many in all, and by day (of very many days, so many stand together)."""

    event_type: str
    events: int
    errors: int
    dates: list[date]
    events_by_day: list[int]
    errors_by_day: list[int]


def type_courses(session: Session, period: Period, watched: Watched, *, actor: Actor) -> list[TypeCourse]:
    """Return every type of event there was, the most frequent first; days that are still to come are left out."""
    by_type: dict[str, list[DailyCount]] = defaultdict(list)
    for row in list_daily(session, period, watched, actor=actor):
        by_type[row.event_type].append(row)
    today = day_of(clock.now(), period.zone)
    days = [day for day in period.days if day <= today]
    each = -(-len(days) // MOST_POINTS) or 1
    found = [_course(name, rows, days, each) for name, rows in by_type.items()]
    return sorted(found, key=lambda course: (-course.events, course.event_type))


def _course(name: str, rows: list[DailyCount], days: list[date], each: int) -> TypeCourse:
    place = {day: number // each for number, day in enumerate(days)}
    dates = days[::each]
    events, errors = [0] * len(dates), [0] * len(dates)
    for row in rows:
        if row.date in place:
            events[place[row.date]] += row.events
            errors[place[row.date]] += row.errors
    return TypeCourse(
        event_type=name,
        events=sum(row.events for row in rows),
        errors=sum(row.errors for row in rows),
        dates=dates,
        events_by_day=events,
        errors_by_day=errors,
    )
