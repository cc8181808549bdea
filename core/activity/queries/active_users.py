"""Active and new users of any days, from counts by day and previous day, without reading users."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Select,
    Subquery,
    and_,
    cast,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from core.activity.models.users import NEVER, UserDay, UserDayCount, UserDayCountDelta
from core.activity.queries.releases import get_place
from core.activity.queries.user_filter import DayRange
from core.activity.schemas import ALL_APPS
from core.database.tables import table_of
from core.presentation.periods import Period, Watched

user_days = table_of(UserDay).c
never: ColumnElement[date] = cast(NEVER, Date)


@dataclass(frozen=True)
class ActiveUsers:
    """Distinct users of several days, and how many were never active before."""

    active: int
    new: int


def count_active_users(session: Session, period: Period, watched: Watched) -> ActiveUsers:
    """Return the users of the days that overlap a period, filtered by app, release and user; of a
    release, new are those who were never active in it before. Raises ReleaseNotCounted.
    """
    days = (period.first_day, period.last_day)
    rows = day_counts(session, days, watched)
    # A user counts on the first of their days in the period: the one before it lies outside
    active = _sum(rows.c.users, rows.c.previous_day < days[0])
    return ActiveUsers(
        *session.execute(select(active, _sum(rows.c.users, rows.c.previous_day == never))).one()
    )


def count_users_of_days(session: Session, range_: DayRange, watched: Watched) -> int:
    """Return the users who were active on any of some days; raise ReleaseNotCounted."""
    rows = day_counts(session, (range_.start, range_.end), watched).c
    is_first = and_(rows.day < range_.end, rows.previous_day < range_.start)
    return session.scalar(select(_sum(rows.users, is_first))) or 0


def active_by_day(session: Session, days: list[date], watched: Watched) -> dict[date, int]:
    """Return how many users were active on each of some days; days without one are left out."""
    return _by_day(session, days, watched, is_new=False)


def new_by_day(session: Session, days: list[date], watched: Watched) -> dict[date, int]:
    """Return the number of new users by day; days without any are left out."""
    return _by_day(session, days, watched, is_new=True)


def _by_day(
    session: Session, days: list[date], watched: Watched, *, is_new: bool
) -> dict[date, int]:
    rows = day_counts(session, (min(days), max(days)), watched)
    found = (
        select(rows.c.day, cast(func.sum(rows.c.users), BigInteger))
        .where(rows.c.day.in_(days))
        .group_by(rows.c.day)
    )
    found = found.where(rows.c.previous_day == never) if is_new else found
    # Until they are folded, deltas may take all users of a day away again
    return {day: users for day, users in session.execute(found) if users}


def day_counts(session: Session, days: tuple[date, date], watched: Watched) -> Subquery:
    """Return `day`, `previous_day` and `users` of some days, filtered by app, release and user;
    raise ReleaseNotCounted.
    """
    place = get_place(session, watched)
    if watched.users is not None:
        return _named_counts(days, watched, place)
    app = ALL_APPS if watched.app is None else watched.app

    def of(table: type[UserDayCount | UserDayCountDelta]) -> Select[tuple[date, date, int]]:
        columns = table_of(table).c
        wanted = (
            columns.environment == place,
            columns.app == app,
            columns.day.between(*days),
        )
        return select(columns.day, columns.previous_day, columns.users).where(*wanted)

    # One statement: what is folded meanwhile is neither missed nor counted twice.
    return union_all(of(UserDayCount), of(UserDayCountDelta)).subquery("counts")


def _named_counts(days: tuple[date, date], watched: Watched, place: str) -> Subquery:
    """Return the counts of a few users, from their own days."""
    wanted = [
        user_days.user_id.in_(watched.users or ()),
        user_days.environment == place,
    ]
    wanted += [user_days.app == watched.app] if watched.app is not None else []
    own = select(user_days.user_id, user_days.day).distinct().where(*wanted).subquery("own").c
    # Over all days: the one before the first of the range may lie anywhere
    before = func.lag(own.day, 1, never).over(partition_by=own.user_id, order_by=own.day)
    journeys = select(own.day, before.label("previous_day"), literal(1).label("users"))
    each = journeys.subquery("journeys")
    return select(each).where(each.c.day.between(*days)).subquery("counts")


def _sum(users: ColumnElement[int], condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(cast(func.sum(users).filter(condition), BigInteger), 0)
