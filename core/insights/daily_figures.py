"""Daily figures of a period: from `daily_metrics`, and computed here for days not written yet."""

from datetime import date
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.activity.queries.active_users import active_by_day, new_by_day
from core.cache import memo
from core.conversations.opinions import POSITIVE
from core.database.tables import table_of
from core.insights.schemas import WatchScope
from core.platform import clock
from core.presentation.periods import DAY, Period, midnight
from core.system.models import DailyMetric

daily = table_of(DailyMetric).c

# In two halves: each has an index.
THROUGH = """
select (reached_1 at time zone :zone)::date as day, count(reached_5)::float8 / count(*) as value
from (
    select * from subjects where is_whole and not is_unsure union all select * from subjects where is_whole and is_unsure
) as each
where environment = :environment and app = any(array(select app from event_apps where environment = :environment) || '{*}')
    and reached_1 >= :since and reached_1 < :until group by 1"""
GOOD = f"""
select (created_at at time zone :zone)::date as day,
    avg(({POSITIVE})::int)::float8 as value
from ai_feedback where environment = :environment and created_at >= :since and created_at < :until group by 1"""  # noqa: S608  words of our own
COUNTED = {"onboarding_conversion": THROUGH, "feedback_ratio": GOOD}
OF_USERS = {"users_active": active_by_day, "users_new": new_by_day}


def course_of(core: Session, scope: WatchScope, metric: str, *, source: Session | None = None) -> list[float | None]:
    """Return a figure of each day so far, None of a day without; empty by filters that days are not kept by.

    `source` is the session of the database that it is counted in, where that is not core.
    """
    watched = scope.watched
    if watched.app is not None or watched.release is not None or watched.user_id is not None:
        return []
    days = [day for day in scope.period.days if midnight(day, scope.period.zone) <= clock.now()]
    found = _written(core, scope, metric)
    unwritten = [day for day in days if day not in found]
    if unwritten:
        key = (metric, scope.watched, tuple(unwritten))
        found |= memo.counts(key, lambda: _counted(source or core, scope, metric, unwritten))
    return [found.get(day) for day in days]


def stale_places(core: Session, scope: WatchScope, mark: str) -> list[int]:
    """Return the places in a course of days that could not follow an import or its undo: the daily job has marked them."""
    return sorted((day - scope.period.first_day).days for day in _written(core, scope, mark))


def _written(core: Session, scope: WatchScope, metric: str) -> dict[date, float]:
    wanted = select(daily.date, daily.metric_value).where(
        daily.metric_type == metric,
        daily.date.between(scope.period.first_day, scope.period.last_day),
        daily.dimensions == func.jsonb_build_object("environment", scope.watched.environment),
    )
    return {row.date: float(row.metric_value) for row in core.execute(wanted)}


def _counted(session: Session, scope: WatchScope, metric: str, days: list[date]) -> dict[date, float]:
    if metric in OF_USERS:
        return {day: float(users) for day, users in OF_USERS[metric](session, days, scope.watched).items()}
    zone, last = scope.period.zone, days[-1]
    span = Period(midnight(days[0], zone), midnight(last + DAY, zone), zone)
    given: dict[str, Any] = {"zone": zone, "environment": scope.watched.environment, "since": span.start, "until": span.end}
    rows = session.execute(text(COUNTED[metric]), given)
    return {row.day: float(row.value) for row in rows if row.day in days}
