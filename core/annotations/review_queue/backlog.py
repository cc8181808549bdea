"""Size and age of the review queue, for accounts that may not read its texts."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.annotations.models import ReviewItem
from core.annotations.schemas import ItemState
from core.cache import memo
from core.database.tables import table_of
from core.identity.permissions import Permission, require_any
from core.identity.schemas import Actor, View

items = table_of(ReviewItem)


class Backlog(View):
    """How many messages wait for a review and since when, and about how many somebody has yet to decide; of all environments."""

    waiting: int
    adjudication: int
    oldest_at: datetime | None


def read_backlog(ai: Session, *, actor: Actor) -> Backlog:
    """Return what waits now, whatever the period; raise Forbidden."""
    require_any(actor, Permission.WATCH, Permission.ANNOTATE)
    oldest = select(func.min(items.c.created_at)).where(items.c.state == ItemState.WAITING)
    return Backlog(
        waiting=memo.counted("review items waiting", lambda: _count(ai, ItemState.WAITING)),
        adjudication=_count(ai, ItemState.ADJUDICATION),
        oldest_at=memo.ordered("oldest review item", lambda: [ai.scalar(oldest)])[0],
    )


def _count(ai: Session, state: ItemState) -> int:
    return ai.scalar(select(func.count()).select_from(items).where(items.c.state == state)) or 0
