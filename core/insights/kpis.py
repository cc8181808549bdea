"""KPIs of the Overview, compared with the previous period."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from core.activity.funnel_views import FunnelView
from core.activity.queries.funnels import funnel_counts
from core.activity.queries.funnels.funnel_counts import Conversions
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.activity.queries.releases import has_user_counts
from core.ai_metrics.queries import kpis as ai_kpis
from core.ai_metrics.views import AiMetricsQuery
from core.database import settings
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.insights.queries.daily_figures import course_of, stale_places
from core.insights.queries.overview import count_feedback, count_users
from core.insights.schemas import UserCounts, WatchScope
from core.platform import clock
from core.presentation.comparison import (
    NOT_KNOWN,
    TOO_EARLY,
    Kpi,
    Meaning,
    kpi,
    not_compared,
    of_level,
    of_rate,
)
from core.presentation.formatting import FigureUnit
from core.presentation.periods import DAY, Period, midnight

USERS = {"users": "active", "new_users": "new"}
ROWS_OF_RELEASES = ("user_activity_events", "ai_request_metrics")
OF_AI = ("p95_latency", "error_rate", "cost")


@dataclass(frozen=True)
class KnownFigures:
    """KPIs that findings are derived from: AI requests and feedback."""

    of_ai: list[Kpi]
    unpriced_requests: int
    feedback: Kpi


def read_known(core: Session, ai: Session, scope: WatchScope, *, actor: Actor) -> KnownFigures:
    """Read the KPIs that findings are also derived from."""
    require(actor, Permission.WATCH)
    found = ai_kpis.read_kpis(core, AiMetricsQuery(scope.period, scope.watched), actor=actor)
    return KnownFigures(found.kpis, found.unpriced_requests, feedback=_feedback(core, ai, scope))


def overview_kpis(
    core: Session,
    ai: Session,
    scope: WatchScope,
    figures: KnownFigures | None = None,
    funnel: FunnelView | None = None,
    *,
    actor: Actor,
) -> list[Kpi]:
    """Return the KPIs; those that a filter can't be applied to have no value."""
    require(actor, Permission.WATCH)
    figures = figures or read_known(core, ai, scope, actor=actor)
    conversions = funnel_counts.conversions_of(funnel) if funnel is not None else None
    if conversions is None and has_user_counts(core, scope.watched):
        conversions = funnel_counts.count_conversions(
            core, scope.period, scope.watched, actor=actor
        )
    before = scope.previous
    of_ai = {each.name: each for each in figures.of_ai}
    return [
        *_users(core, scope, before),
        _conversion(core, scope, conversions),
        *(of_ai[name] for name in OF_AI),
        figures.feedback,
    ]


def _users(core: Session, scope: WatchScope, before: WatchScope) -> list[Kpi]:
    whole = count_users(core, scope)
    now, then = _users_beside(core, scope, before)
    found = []
    for name, metric in USERS.items():
        course = _ended(scope, course_of(core, scope, f"users_{metric}"))
        beside = course_of(core, before, f"users_{metric}")
        change = of_level(_counts(course), _counts(beside), Meaning.GOOD)
        # Traffic follows the weekday: below a week, other days would stand beside each other
        change = change if scope.period.has_every_weekday else NOT_KNOWN
        value, compared, earlier = (getattr(each, metric, None) for each in (whole, now, then))
        found.append(
            kpi(
                name,
                f"{metric.capitalize()} users",
                FigureUnit.COUNT,
                (value, earlier),
                change,
                course,
                compared=compared,
            )
        )
    return found


def _counts(course: Sequence[float | None]) -> list[float]:
    """Return counts by day; days without data count zero."""
    return [each or 0.0 for each in course]


def _users_beside(
    core: Session, scope: WatchScope, before: WatchScope
) -> tuple[UserCounts | None, UserCounts | None]:
    """Return users of complete days in both periods, because they are known by day only."""
    if not has_user_counts(core, scope.watched):
        is_there = settings.read(core, settings.Sealed).has_all(
            before.period.start, *ROWS_OF_RELEASES
        )
        return count_users(core, scope), count_users(core, before) if is_there else None
    days = scope.period.beside(clock.now())
    if days is None:
        return None, None
    now, then = (count_users(core, replace(scope, period=each)) for each in days)
    return now, then


def _conversion(
    core: Session, scope: WatchScope, conversions: tuple[Conversions, Conversions] | None
) -> Kpi:
    """Return the conversion; compared only when every user's window has ended."""
    change, value, earlier = TOO_EARLY, None, None
    window = read_workspace_funnel(core).funnel.window
    if conversions is not None:
        now, then = conversions
        value, earlier = now.rate, then.rate
        if scope.period.end + window <= clock.now():
            change = of_rate(
                (now.converted, now.started), (then.converted, then.started), Meaning.GOOD
            )
    course = course_of(core, scope, "onboarding_conversion")
    found = kpi("conversion", "Conversion", FigureUnit.SHARE, (value, earlier), change, course)
    return found.model_copy(update={"open_days": _open_days(scope.period, len(course), window)})


def _open_days(period: Period, known: int, window: timedelta) -> int:
    """Return how many of the first `known` days have users with time left to convert."""
    return sum(
        midnight(day + DAY, period.zone) + window > clock.now() for day in period.days[:known]
    )


def _feedback(core: Session, ai: Session, scope: WatchScope) -> Kpi:
    """Return the share of positive feedback."""
    before = scope.previous
    now, then = count_feedback(core, ai, scope), count_feedback(core, ai, before)
    # Feedback names no release
    is_known = scope.watched.release is None
    change = (
        of_rate((now.positive, now.rated), (then.positive, then.rated), Meaning.GOOD)
        if is_known
        else NOT_KNOWN
    )
    values = (now.ratio, then.ratio) if is_known else (None, None)
    course = course_of(core, scope, "feedback_ratio", source=ai)
    found = kpi("feedback", "Positive feedback", FigureUnit.SHARE, values, change, course)
    # Only ratings of annotated answers may be left
    if not settings.read(core, settings.Sealed).has_all(before.period.start, "ai_feedback"):
        found = not_compared(found)
    return found.model_copy(
        update={"stale": stale_places(core, scope, "feedback_stale") if course else []}
    )


def _ended(scope: WatchScope, course: list[float | None]) -> list[float | None]:
    """Return the days that are over."""
    # The last day has hours to come: beside a whole one it would always have fallen.
    is_over = midnight(scope.period.last_day + DAY, scope.period.zone) <= clock.now()
    return course if is_over else course[:-1]
