"""Active users by day, week and month, and stickiness, from counts by day and previous day."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import BigInteger, Date, cast, func, select
from sqlalchemy.orm import Session

from core.activity.engagement_views import ActiveUsersRow, ActiveUsersView, ActivityInterval
from core.activity.queries.active_users import day_counts, never
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.presentation.periods import DAY, Period, Watched, day_of

WEEK, MONTH = 7 * DAY, 30 * DAY
LONGEST_DAYS = 31  # of any interval or trailing window
Days = tuple[date, date]  # both included


@dataclass(frozen=True)
class DailyUsers:
    """Users by day, with the day on which they were active before, at most LONGEST_DAYS back."""

    by_day: dict[date, list[tuple[date, int]]]
    new_by_day: dict[date, int]

    def count(self, first: date, last: date) -> int:
        """Return the distinct users of these days: each counts on the first of its days in them."""
        return sum(
            users
            for day in _days(first, last)
            for previous, users in self.by_day.get(day, ())
            if previous < first
        )


def read_active_users(
    session: Session,
    period: Period,
    watched: Watched,
    interval: ActivityInterval = ActivityInterval.DAY,
    *,
    actor: Actor,
) -> ActiveUsersView:
    """Return active users by interval; raise ReleaseNotCounted."""
    require(actor, Permission.WATCH)
    today = day_of(clock.now(), period.zone)
    intervals = [days for days in _intervals(period, interval) if days[0] <= today]
    items = []
    if intervals:
        # The 30 days up to an interval's end may begin before it
        found = _read(session, (intervals[0][0] - MONTH, intervals[-1][1]), watched)
        items = [_row(found, days, today) for days in intervals]
    return ActiveUsersView(
        interval=interval, items=items, start=period.start, end=period.end, time_zone=period.zone
    )


def week_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - day.weekday() * DAY


def _intervals(period: Period, interval: ActivityInterval) -> Iterator[Days]:
    first = period.first_day
    if interval is ActivityInterval.WEEK:
        first = week_of(first)
    elif interval is ActivityInterval.MONTH:
        first = first.replace(day=1)
    while first <= period.last_day:
        following = _following(first, interval)
        yield first, following - DAY
        first = following


def _following(first: date, interval: ActivityInterval) -> date:
    if interval is ActivityInterval.MONTH:
        # 31 days after the first of a month lie in the next one
        return (first + LONGEST_DAYS * DAY).replace(day=1)
    return first + (WEEK if interval is ActivityInterval.WEEK else DAY)


def _row(found: DailyUsers, days: Days, today: date) -> ActiveUsersRow:
    first, last = days[0], min(days[1], today)
    own = list(_days(first, last))
    daily = sum(found.count(day, day) for day in own) / len(own)
    monthly = found.count(last + DAY - MONTH, last)
    return ActiveUsersRow(
        starts_on=first,
        ends_on=days[1],
        users=found.count(first, last),
        new_users=sum(found.new_by_day.get(day, 0) for day in own),
        daily_users=daily,
        weekly_users=found.count(last + DAY - WEEK, last),
        monthly_users=monthly,
        stickiness=daily / monthly if monthly else None,
        is_complete=days[1] < today,
    )


def _read(session: Session, days: Days, watched: Watched) -> DailyUsers:
    counts = day_counts(session, days, watched)
    # Users who were last active before are outside of any window that ends with the day.
    farthest = cast(counts.c.day - LONGEST_DAYS, Date)
    previous = func.greatest(counts.c.previous_day, farthest).label("previous")
    users = cast(func.sum(counts.c.users), BigInteger)
    is_new = (counts.c.previous_day == never).label("is_new")
    found = select(counts.c.day, previous, is_new, users).group_by(counts.c.day, previous, is_new)
    by_day: dict[date, list[tuple[date, int]]] = defaultdict(list)
    new_by_day: dict[date, int] = {}
    for day, before, has_begun, number in session.execute(found):
        by_day[day].append((before, number))
        if has_begun:
            new_by_day[day] = number
    return DailyUsers(by_day, new_by_day)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + number * DAY for number in range((last - first).days + 1))
