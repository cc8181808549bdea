"""Daily figures of a period: from `daily_metrics`, and computed here for days not written yet."""

from datetime import date
from typing import Any

from sqlalchemy import Date, Executable, Float, Integer, bindparam, cast, func, select
from sqlalchemy.orm import Session

from core.activity.queries.active_users import active_by_day, new_by_day
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.cache.large_workspaces import cached_if_large
from core.conversations.opinions import ConversationOpinion, rated
from core.database.sql_files import statement
from core.database.tables import table_of
from core.insights.schemas import WatchScope
from core.knowledge.models import Feedback
from core.platform import clock
from core.presentation.periods import DAY, Period, midnight
from core.system.models import DailyMetric

daily = table_of(DailyMetric).c

rating = table_of(Feedback).c
IS_POSITIVE = rated(ConversationOpinion.POSITIVE, rating.rating, rating.scale)
POSITIVE_BY_DAY = (
    select(
        cast(func.timezone(bindparam("zone"), rating.created_at), Date).label("day"),
        cast(func.avg(cast(IS_POSITIVE, Integer)), Float).label("value"),
    )
    .where(rating.environment == bindparam("environment"))
    .where(rating.created_at >= bindparam("since"), rating.created_at < bindparam("until"))
    .group_by("day")
)
CONVERSION = "onboarding_conversion"
COUNTED: dict[str, Executable] = {
    CONVERSION: statement(__package__, "conversion_by_day"),
    "feedback_ratio": POSITIVE_BY_DAY,
}
OF_USERS = {"users_active": active_by_day, "users_new": new_by_day}


def course_of(
    core: Session, scope: WatchScope, metric: str, *, source: Session | None = None
) -> list[float | None]:
    """Return a figure of each day so far, None of a day without; empty by filters that days are not
    kept by.

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
        found |= cached_if_large(
            core, key, lambda: _counted(source or core, scope, metric, unwritten)
        )
    return [found.get(day) for day in days]


def stale_places(core: Session, scope: WatchScope, mark: str) -> list[int]:
    """Return the indexes of days marked stale: an import or undo could not update them."""
    return sorted((day - scope.period.first_day).days for day in _written(core, scope, mark))


def _written(core: Session, scope: WatchScope, metric: str) -> dict[date, float]:
    wanted = select(daily.date, daily.metric_value).where(
        daily.metric_type == metric,
        daily.date.between(scope.period.first_day, scope.period.last_day),
        daily.dimensions == func.jsonb_build_object("environment", scope.watched.environment),
    )
    return {row.date: float(row.metric_value) for row in core.execute(wanted)}


def _counted(
    session: Session, scope: WatchScope, metric: str, days: list[date]
) -> dict[date, float]:
    if metric in OF_USERS:
        return {
            day: float(users)
            for day, users in OF_USERS[metric](session, days, scope.watched).items()
        }
    zone, last = scope.period.zone, days[-1]
    span = Period(midnight(days[0], zone), midnight(last + DAY, zone), zone)
    given: dict[str, Any] = {
        "zone": zone,
        "environment": scope.watched.environment,
        "since": span.start,
        "until": span.end,
    }
    if metric == CONVERSION:
        given["last_step"] = read_workspace_funnel(session).funnel.last + 1
    rows = session.execute(COUNTED[metric], given)
    # Between two days to count may lie others that are written already
    return {row.day: float(row.value) for row in rows if row.day in days}
