"""How far users and funnels are behind what programs have sent."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.activity.models.events import PendingEvent


def pending_since(session: Session) -> datetime | None:
    """Return since when the oldest stored row waits to be derived from, or None."""
    first = select(PendingEvent.stored_at).order_by(PendingEvent.id).limit(1)
    return session.scalar(first)
