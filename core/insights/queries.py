"""Reads for the Overview, across the features."""

from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, exists, func, or_, select, union
from sqlalchemy.orm import Session

from core import memo
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

FEW = 20_000  # of so many the days are asked one by one

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
    days = (scope.period.first_day, scope.period.last_day)
    return UserCounts(
        active=memo.counted(("active", scope.watched, *days), lambda: _count_active(session, scope)),
        new=memo.counted(
            ("new", scope.watched, *days), lambda: _count(session, spans.first_day.between(*days), *_spanned(scope))
        ),
    )


def _count_active(session: Session, scope: Scope) -> int:
    """Nearly everybody who was there since a period began was there last within it: only of the few others the days are asked.

    Of a period that is over they may be many: then all of its days are read. Several workers may share each part of it.
    """
    first, last = scope.period.first_day, scope.period.last_day
    within = (spans.first_day <= last, spans.last_day >= first, *_spanned(scope))
    around = (spans.first_day < first, spans.last_day > last, *_spanned(scope))
    day = table_of(UserDay)
    there = select(day.c.user_id).where(day.c.day.between(first, last), *_watched(day, scope))
    if _count(session, *around) > FEW:
        return _count(session, spans.user_id.in_(there), *within)
    known = _count(session, or_(spans.first_day >= first, spans.last_day <= last), *within)
    return known + _count(session, there.where(day.c.user_id == spans.user_id).exists(), *around)


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0


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
    now, then = conversion.count_through(session, scope.period, scope.watched, actor=actor)
    return OnboardingFigures(
        started=now.begun,
        completed=now.through,
        conversion=now.rate,
        previous=OnboardingCounts(started=then.begun, completed=then.through, conversion=then.rate),
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
