"""Size and age of the review queue, for accounts that may not read its texts."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.annotations.models import ReviewItem
from core.annotations.schemas import ItemState
from core.database.tables import table_of
from core.identity.permissions import Permission, require_any
from core.identity.schemas import Actor, View

items = table_of(ReviewItem)


class Backlog(View):
    """Messages waiting for review, since when, and those to adjudicate; all environments."""

    waiting: int
    adjudication: int
    oldest_at: datetime | None


def read_backlog(ai: Session, *, actor: Actor) -> Backlog:
    """Return the current backlog; raise Forbidden."""
    require_any(actor, Permission.WATCH, Permission.ANNOTATE)
    oldest = select(func.min(items.c.created_at)).where(items.c.state == ItemState.WAITING)
    return Backlog(
        waiting=_count(ai, ItemState.WAITING),
        adjudication=_count(ai, ItemState.ADJUDICATION),
        oldest_at=ai.scalar(oldest),
    )


def _count(ai: Session, state: ItemState) -> int:
    return ai.scalar(select(func.count()).select_from(items).where(items.c.state == state)) or 0
