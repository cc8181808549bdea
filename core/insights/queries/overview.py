"""Reads for the Overview, across the features."""

from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, exists, func, select, union
from sqlalchemy.orm import Session

from core.activity.models.events import Event
from core.activity.models.users import UserSpan
from core.activity.queries import active_users
from core.activity.queries.funnels import funnel_counts
from core.activity.queries.releases import has_user_counts
from core.activity.schemas import ALL_APPS
from core.ai_metrics.models import AiRequest
from core.ai_metrics.queries import figures
from core.ai_metrics.views import AiMetricsQuery
from core.annotations.queries.backlog import read_backlog
from core.batches.queries import outcomes
from core.batches.views import BatchRunQuery
from core.conversations.opinions import ConversationOpinion, rated
from core.database import settings
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.insights.schemas import (
    FeedbackCounts,
    FeedbackFigures,
    OnboardingCounts,
    OnboardingFigures,
    Overview,
    UserCounts,
    UserFigures,
    WatchScope,
)
from core.knowledge.feedback.queries import feedback_list
from core.knowledge.models import Feedback
from core.knowledge.views import FeedbackFilter

spans = table_of(UserSpan).c


def overview(core: Session, ai: Session, scope: WatchScope, *, actor: Actor) -> Overview:
    """Return the Overview's figures."""
    require(actor, Permission.WATCH)
    # Feedback names no release
    before, has_feedback = scope.previous, scope.watched.release is None
    has_onboarding = has_user_counts(core, scope.watched)
    sealed = settings.read(core, settings.Sealed)
    feedback = FeedbackFigures(
        **count_feedback(core, ai, scope).model_dump(),
        previous=count_feedback(core, ai, before),
        is_previous_whole=sealed.has_all(before.period.start, Feedback.__tablename__),
    )
    return Overview(
        start=scope.period.start,
        end=scope.period.end,
        time_zone=scope.period.zone,
        environment=scope.watched.environment,
        users=UserFigures(
            **count_users(core, scope).model_dump(), previous=count_users(core, before)
        ),
        onboarding=count_onboarding(core, scope, actor=actor) if has_onboarding else None,
        ai=figures.summary(core, AiMetricsQuery(scope.period, scope.watched), actor=actor),
        feedback=feedback if has_feedback else None,
        batch=outcomes.summary(core, BatchRunQuery(scope.period, scope.watched), actor=actor),
        reviews=read_backlog(ai, actor=actor),
    )


def count_users(session: Session, scope: WatchScope) -> UserCounts:
    """Return the active users of a period, and how many of them are new: of a release that users
    are not counted by, from raw rows, new in the environment.
    """
    if not has_user_counts(session, scope.watched):
        return _count_of_release(session, scope)
    found = active_users.count_active_users(session, scope.period, scope.watched)
    return UserCounts(active=found.active, new=found.new)


def _spanned(scope: WatchScope) -> list[ColumnElement[bool]]:
    """Return the conditions on user spans, of one app or of all."""
    watched = scope.watched
    found = [
        spans.environment == watched.environment,
        spans.app == (ALL_APPS if watched.app is None else watched.app),
    ]
    return found + ([spans.user_id.in_(watched.users)] if watched.users is not None else [])


def _count_of_release(session: Session, scope: WatchScope) -> UserCounts:
    there = union(*(_of_release(table_of(each), scope) for each in (Event, AiRequest))).subquery(
        "there"
    )
    known = exists().where(
        spans.user_id == there.c.user_id, spans.first_day < scope.period.first_day, *_spanned(scope)
    )
    active, new = session.execute(
        select(func.count(), func.count().filter(~known)).select_from(there)
    ).one()
    return UserCounts(active=active, new=new)


def _of_release(table: Table, scope: WatchScope) -> Select[Any]:
    columns = table.c
    wanted = (
        columns.release == scope.watched.release,
        columns.user_id.is_not(None),
        _inside(columns.created_at, scope),
    )
    return select(columns.user_id).where(*wanted, *_watched(table, scope))


def count_onboarding(session: Session, scope: WatchScope, *, actor: Actor) -> OnboardingFigures:
    """Return users who started onboarding, and how many converted, as the funnel counts."""
    now, then = funnel_counts.count_conversions(session, scope.period, scope.watched, actor=actor)
    return OnboardingFigures(
        started=now.started,
        completed=now.converted,
        conversion=now.rate,
        previous=OnboardingCounts(
            started=then.started, completed=then.converted, conversion=then.rate
        ),
    )


def count_feedback(core: Session, ai: Session, scope: WatchScope) -> FeedbackCounts:
    """Return how much was rated in a period, and how much of it positively, as the list has it."""
    row = table_of(Feedback).c
    good = rated(ConversationOpinion.POSITIVE, row.rating, row.scale)
    where = feedback_list.conditions(core, FeedbackFilter(), scope.period, scope.watched)
    wanted = select(func.count(), func.count().filter(good)).where(*where)
    total, positive = ai.execute(wanted).one()
    return FeedbackCounts(rated=total, positive=positive, ratio=positive / total if total else None)


def _inside(column: ColumnElement[Any], scope: WatchScope) -> ColumnElement[bool]:
    return and_(column >= scope.period.start, column < scope.period.end)


def _watched(table: Table, scope: WatchScope) -> list[ColumnElement[bool]]:
    """Return the filters that all tables with users have."""
    found = [table.c.environment == scope.watched.environment]
    if scope.watched.app is not None:
        found.append(table.c.app == scope.watched.app)
    if scope.watched.users is not None:
        found.append(table.c.user_id.in_(scope.watched.users))
    return found
