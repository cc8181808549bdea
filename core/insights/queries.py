"""Reads for the Overview, across the features."""

from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, case, func, select, union
from sqlalchemy.orm import Session, aliased

from core.activity import conversion
from core.activity.models import Event, UserDay
from core.ai_metrics import figures
from core.ai_metrics.answers import Asked
from core.ai_metrics.models import AiRequest
from core.batches import queries as batches
from core.batches.answers import AskedRuns
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.insights.schemas import (
    FeedbackCounts,
    FeedbackFigures,
    OnboardingCounts,
    OnboardingFigures,
    Overview,
    Scope,
    UserCounts,
    UserFigures,
)
from core.knowledge.models import Feedback
from core.tables import table_of


def overview(core: Session, ai: Session, scope: Scope, *, actor: Actor) -> Overview:
    """Return what the Overview shows."""
    require(actor, Permission.WATCH)
    before, knows_all = scope.previous, scope.watched.release is None
    feedback = FeedbackFigures(**count_feedback(ai, scope).model_dump(), previous=count_feedback(ai, before))
    return Overview(
        start=scope.period.start,
        end=scope.period.end,
        time_zone=scope.period.zone,
        environment=scope.watched.environment,
        users=UserFigures(**count_users(core, scope).model_dump(), previous=count_users(core, before)),
        onboarding=count_onboarding(core, scope, actor=actor) if knows_all else None,
        ai=figures.summary(core, Asked(scope.period, scope.watched), actor=actor),
        feedback=feedback if knows_all else None,
        batch=batches.summary(core, AskedRuns(scope.period, scope.watched), actor=actor),
    )


def count_users(session: Session, scope: Scope) -> UserCounts:
    """Return who was there on the days of a period, in that environment, and who had not been before."""
    there = (_by_release(scope) if scope.watched.release is not None else _by_day(scope)).subquery("there")
    earlier = aliased(UserDay)
    known = select(earlier.user_id).where(
        earlier.user_id == there.c.user_id,
        earlier.environment == scope.watched.environment,
        earlier.day < scope.period.first_day,
        *([earlier.app == scope.watched.app] if scope.watched.app else []),
    )
    active, new = session.execute(select(func.count(), func.count().filter(~known.exists())).select_from(there)).one()
    return UserCounts(active=active, new=new)


def _by_day(scope: Scope) -> Select[Any]:
    period, columns = scope.period, table_of(UserDay).c
    days = columns.day.between(period.first_day, period.last_day)
    return select(columns.user_id).distinct().where(days, *_watched(table_of(UserDay), scope))


def _by_release(scope: Scope) -> Any:  # noqa: ANN401  a union selects as a Select does
    return union(*(_of_release(table_of(each), scope) for each in (Event, AiRequest)))


def _of_release(table: Table, scope: Scope) -> Select[Any]:
    columns = table.c
    wanted = (columns.release == scope.watched.release, columns.user_id.is_not(None), _inside(columns.created_at, scope))
    return select(columns.user_id).where(*wanted, *_watched(table, scope))


def count_onboarding(session: Session, scope: Scope, *, actor: Actor) -> OnboardingFigures:
    """Return who began in a period, and who of them has come through, be it later: as the funnel counts them."""
    funnel = conversion.read_funnel(session, scope.period, scope.watched, actor=actor)
    earlier = funnel.previous
    return OnboardingFigures(
        started=funnel.steps[0].users,
        completed=funnel.steps[-1].users,
        conversion=funnel.overall_conversion,
        previous=OnboardingCounts(started=earlier.users[0], completed=earlier.users[-1], conversion=earlier.overall_conversion),
    )


def count_feedback(ai: Session, scope: Scope) -> FeedbackCounts:
    """Return how much was rated in a period, and how much of it positively."""
    table = table_of(Feedback)
    good = table.c.rating >= case((table.c.scale == "five", 4), else_=1)
    wanted = select(func.count(), func.count().filter(good)).where(_inside(table.c.created_at, scope), *_watched(table, scope))
    rated, positive = ai.execute(wanted).one()
    return FeedbackCounts(rated=rated, positive=positive, ratio=positive / rated if rated else None)


def _inside(column: ColumnElement[Any], scope: Scope) -> ColumnElement[bool]:
    return and_(column >= scope.period.start, column < scope.period.end)


def _watched(table: Table, scope: Scope) -> list[ColumnElement[bool]]:
    """Return the conditions that all tables of users know."""
    found = [table.c.environment == scope.watched.environment]
    if scope.watched.app:
        found.append(table.c.app == scope.watched.app)
    if scope.watched.users is not None:
        found.append(table.c.user_id.in_(scope.watched.users))
    return found
