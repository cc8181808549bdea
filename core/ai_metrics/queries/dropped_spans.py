"""Count spans that are neither an AI request nor a step of one."""

from datetime import date

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.orm import Session

from core.ai_metrics.models import DroppedSpans, WaitingSpan
from core.database.paging import Page, Window
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View


class DroppedCount(View):
    """Spans that were accepted and then dropped on a day (UTC), by app: no request came."""

    day: date
    environment: str
    app: str
    dropped: int


def list_dropped(session: Session, *, window: Window, actor: Actor) -> Page[DroppedCount]:
    """Return dropped spans by day, environment and app, latest day first; raise Forbidden."""
    require(actor, Permission.READ_HEALTH)
    place = (DroppedSpans.day, DroppedSpans.environment, DroppedSpans.app)
    summed = select(
        *place, cast(func.sum(DroppedSpans.spans), BigInteger).label("dropped")
    ).group_by(*place)
    total = session.scalar(select(func.count()).select_from(summed.subquery())) or 0
    newest = summed.order_by(DroppedSpans.day.desc(), DroppedSpans.environment, DroppedSpans.app)
    rows = session.execute(newest.limit(window.limit).offset(window.offset))
    return window.page([DroppedCount.model_validate(row) for row in rows], total)


def count_waiting(session: Session, *, actor: Actor) -> int:
    """Return how many wait for their request; raise Forbidden."""
    require(actor, Permission.READ_HEALTH)
    return session.scalar(select(func.count()).where(WaitingSpan.joined_at.is_(None))) or 0
