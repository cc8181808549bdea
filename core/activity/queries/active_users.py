"""Active and new users of any days, from counts by day and previous day, without reading users."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import BigInteger, ColumnElement, Date, Select, Subquery, cast, func, select, union_all
from sqlalchemy.orm import Session

from core.activity.models import NEVER, UserDay, UserDayCount, UserDayCountDelta, UserSpan
from core.activity.schemas import ALL_APPS
from core.database.tables import table_of
from core.presentation.periods import Period, Watched

user_days, spans = table_of(UserDay).c, table_of(UserSpan).c
never: ColumnElement[date] = cast(NEVER, Date)


@dataclass(frozen=True)
class ActiveUsers:
    """Distinct users of some days, and those of them who had never been active before."""

    active: int
    new: int


def count_active_users(session: Session, period: Period, watched: Watched) -> ActiveUsers:
    """Return the users of the days that have a part in a period, in an environment, by app and user."""
    days = (period.first_day, period.last_day)
    if watched.users is not None:
        return _count_named(session, days, watched)
    rows = _counts(days, watched)
    active = _sum(rows.c.users, rows.c.previous_day < days[0])
    return ActiveUsers(*session.execute(select(active, _sum(rows.c.users, rows.c.previous_day == never))).one())


def active_by_day(session: Session, days: list[date], watched: Watched) -> dict[date, int]:
    """Return how many users were active on each of some days; days without one are left out."""
    return _by_day(session, days, watched, is_new=False)


def new_by_day(session: Session, days: list[date], watched: Watched) -> dict[date, int]:
    """Return how many users were active for the first time on each of some days; days without one are left out."""
    return _by_day(session, days, watched, is_new=True)


def _by_day(session: Session, days: list[date], watched: Watched, *, is_new: bool) -> dict[date, int]:
    rows = _counts((min(days), max(days)), watched)
    found = select(rows.c.day, cast(func.sum(rows.c.users), BigInteger)).where(rows.c.day.in_(days)).group_by(rows.c.day)
    found = found.where(rows.c.previous_day == never) if is_new else found
    return {day: users for day, users in session.execute(found) if users}


def _counts(days: tuple[date, date], watched: Watched) -> Subquery:
    app = ALL_APPS if watched.app is None else watched.app

    def of(table: type[UserDayCount | UserDayCountDelta]) -> Select[tuple[date, date, int]]:
        columns = table_of(table).c
        wanted = (columns.environment == watched.environment, columns.app == app, columns.day.between(*days))
        return select(columns.day, columns.previous_day, columns.users).where(*wanted)

    # One statement: what is folded meanwhile is neither missed nor counted twice.
    return union_all(of(UserDayCount), of(UserDayCountDelta)).subquery("counts")


def _sum(users: ColumnElement[int], condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(cast(func.sum(users).filter(condition), BigInteger), 0)


def _count_named(session: Session, days: tuple[date, date], watched: Watched) -> ActiveUsers:
    """Count a few users by their own days."""
    there = [user_days.user_id.in_(watched.users or ()), user_days.environment == watched.environment]
    there += [user_days.app == watched.app] if watched.app is not None else []
    first = [spans.user_id.in_(watched.users or ()), spans.environment == watched.environment]
    first += [spans.app == (ALL_APPS if watched.app is None else watched.app), spans.first_day.between(*days)]
    active = select(func.count(user_days.user_id.distinct())).where(user_days.day.between(*days), *there).scalar_subquery()
    new = select(func.count()).where(*first).scalar_subquery()
    return ActiveUsers(*session.execute(select(active, new)).one())
