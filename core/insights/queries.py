"""Reads for the Overview, across the features."""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, Table, and_, exists, func, or_, select, union
from sqlalchemy.orm import Session

from core import clock, memo
from core.activity import conversion
from core.activity.models import Event, UserDay, UserSpan
from core.activity.schemas import ALL_APPS
from core.ai_metrics import figures
from core.ai_metrics.answers import Asked
from core.ai_metrics.models import AiRequest
from core.annotations.backlog import read_backlog
from core.batches import queries as batches
from core.batches.answers import AskedRuns
from core.conversations.opinions import Opinion, rated
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

spans = table_of(UserSpan).c


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
        reviews=read_backlog(ai, actor=actor),
    )


def count_users(session: Session, scope: Scope) -> UserCounts:
    """Return who was there on the days of a period, in that environment, and who had not been before."""
    if scope.watched.release is not None:
        return _count_of_release(session, scope)
    period = scope.period
    days = (period.first_day, period.last_day)
    new = select(func.count()).where(spans.first_day.between(*days), *_spanned(scope))
    is_past = period.last_day < clock.now().astimezone(ZoneInfo(period.zone)).date()
    there = (_by_day if is_past else _by_span)(scope)
    return UserCounts(
        active=memo.counted(("active", scope.watched, *days), lambda: session.scalar(there) or 0),
        new=memo.counted(("new", scope.watched, *days), lambda: session.scalar(new) or 0),
    )


def _by_day(scope: Scope) -> Select[Any]:
    days = table_of(UserDay).c.day.between(scope.period.first_day, scope.period.last_day)
    there = select(table_of(UserDay).c.user_id).where(days, *_watched(table_of(UserDay), scope))
    return select(func.count()).select_from(there.distinct().subquery())


def _by_span(scope: Scope) -> Select[Any]:
    """Nearly everybody who was there since a period began was there last within it: only of the few others the days are asked."""
    first, last = scope.period.first_day, scope.period.last_day
    known = or_(spans.last_day <= last, spans.first_day >= first)
    day = table_of(UserDay)
    seen = select(day.c.day).where(day.c.user_id == spans.user_id, day.c.day.between(first, last), *_watched(day, scope)).exists()
    return select(func.count()).where(spans.last_day >= first, spans.first_day <= last, or_(known, seen), *_spanned(scope))


def _spanned(scope: Scope) -> list[ColumnElement[bool]]:
    """Return the conditions of whose span counts: of one app, or of all."""
    watched = scope.watched
    found = [spans.environment == watched.environment, spans.app == (ALL_APPS if watched.app is None else watched.app)]
    return found + ([spans.user_id.in_(watched.users)] if watched.users is not None else [])


def _count_of_release(session: Session, scope: Scope) -> UserCounts:
    there = union(*(_of_release(table_of(each), scope) for each in (Event, AiRequest))).subquery("there")
    known = exists().where(spans.user_id == there.c.user_id, spans.first_day < scope.period.first_day, *_spanned(scope))
    active, new = session.execute(select(func.count(), func.count().filter(~known)).select_from(there)).one()
    return UserCounts(active=active, new=new)


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
    good = rated(Opinion.POSITIVE, table.c.rating, table.c.scale)
    wanted = select(func.count(), func.count().filter(good)).where(_inside(table.c.created_at, scope), *_watched(table, scope))
    total, positive = ai.execute(wanted).one()
    return FeedbackCounts(rated=total, positive=positive, ratio=positive / total if total else None)


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
