"""Retention by first week, from counts of users by first week and week."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import BigInteger, Select, Subquery, cast, func, literal, select, union_all
from sqlalchemy.orm import Session

from core.activity.engagement_views import (
    RetentionAverage,
    RetentionCohort,
    RetentionRow,
    RetentionView,
)
from core.activity.models.users import UserDay, UserWeekCount, UserWeekCountDelta
from core.activity.queries.engagement.active_users_trend import WEEK, week_of
from core.activity.queries.releases import get_place
from core.activity.rates import interval
from core.activity.schemas import ALL_APPS
from core.database.tables import table_of
from core.errors import Invalid
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.presentation.periods import Period, Watched, day_of
from core.statistics.rates import rate

MOST_WEEKS = 54  # a year touches so many
Counts = Mapping[tuple[date, date], int]  # users by first week and week
user_days = table_of(UserDay).c


class TooManyWeeks(Invalid):
    """Retention has at most 54 weeks. Choose a shorter period."""


def read_retention(
    session: Session, period: Period, watched: Watched, *, actor: Actor
) -> RetentionView:
    """Return the cohorts of a period; raise ReleaseNotCounted or TooManyWeeks."""
    require(actor, Permission.WATCH)
    today = day_of(clock.now(), period.zone)
    first, last = week_of(period.first_day), week_of(min(period.last_day, today))
    weeks = [first + number * WEEK for number in range((last - first) // WEEK + 1)]
    if len(weeks) > MOST_WEEKS:
        raise TooManyWeeks
    found = _read(session, (first, last), watched) if weeks else {}
    cohorts = [_cohort(found, weeks[number:], today) for number in range(len(weeks))]
    return RetentionView(
        cohorts=cohorts,
        average=[_average(cohorts, number) for number in range(len(weeks))],
        start=period.start,
        end=period.end,
        time_zone=period.zone,
    )


def _cohort(found: Counts, weeks: list[date], today: date) -> RetentionCohort:
    size = found.get((weeks[0], weeks[0]), 0)
    rows = [
        RetentionRow(
            first_week=weeks[0],
            cohort_users=size,
            week=number,
            starts_on=week,
            users=(users := found.get((weeks[0], week), 0)),
            rate=rate(users, size),
            interval=interval(users, size),
            is_complete=week + WEEK <= today,
        )
        for number, week in enumerate(weeks)
    ]
    return RetentionCohort(first_week=weeks[0], users=size, weeks=rows)


def _average(cohorts: list[RetentionCohort], week: int) -> RetentionAverage:
    rows = [cohort.weeks[week] for cohort in cohorts if week < len(cohort.weeks)]
    done = [row for row in rows if row.is_complete]
    whole, part = sum(row.cohort_users for row in done), sum(row.users for row in done)
    return RetentionAverage(week=week, cohort_users=whole, users=part, rate=rate(part, whole))


def _read(session: Session, weeks: tuple[date, date], watched: Watched) -> Counts:
    place = get_place(session, watched)
    has_users = watched.users is not None
    counts = _named(watched, place) if has_users else _counts(weeks, watched, place)
    keys, users = (counts.c.first_week, counts.c.week), cast(func.sum(counts.c.users), BigInteger)
    inside = (counts.c.first_week >= weeks[0], counts.c.week <= weeks[1])
    rows = session.execute(select(*keys, users).where(*inside).group_by(*keys))
    return {(first, week): number for first, week, number in rows}


def _counts(weeks: tuple[date, date], watched: Watched, place: str) -> Subquery:
    app = ALL_APPS if watched.app is None else watched.app

    def of(counts: type[UserWeekCount | UserWeekCountDelta]) -> Select[tuple[date, date, int]]:
        row = table_of(counts).c
        wanted = (row.environment == place, row.app == app)
        return select(row.first_week, row.week, row.users).where(
            *wanted, row.first_week.between(*weeks)
        )

    # One statement: what is folded meanwhile is neither missed nor counted twice.
    return union_all(of(UserWeekCount), of(UserWeekCountDelta)).subquery("counts")


def _named(watched: Watched, place: str) -> Subquery:
    """Return the counts of a few users, from their own days."""
    wanted = [
        user_days.user_id.in_(watched.users or ()),
        user_days.environment == place,
    ]
    wanted += [user_days.app == watched.app] if watched.app is not None else []
    week = func.week_of(user_days.day).label("week")
    own = select(user_days.user_id, week).distinct().where(*wanted).subquery("own").c
    first = func.min(own.week).over(partition_by=own.user_id).label("first_week")
    return select(first, own.week, literal(1).label("users")).subquery("counts")
