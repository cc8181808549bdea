"""How much of the queue waits, since when, and how much of it somebody has reviewed today."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from core import clock, memo
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View

WAITING = text("select count(*) from review_items where state = 'waiting'")
OLDEST = text("select created_at from review_items where state = 'waiting' order by created_at limit 1")
MINE = text("select count(*) from review_passes where account_id = :account and at >= :since and outcome <> 'skipped'")
DISPUTED = text("select count(*) from review_items where state = 'adjudication'")


class Progress(View):
    """How much waits for a review and how much for a decision, since when the oldest, and how much one has reviewed today."""

    waiting: int
    disputed: int
    oldest: datetime | None
    mine_today: int


def read(ai: Session, *, actor: Actor, zone: str) -> Progress:
    """Return how much there is, and how much of it is done by who asks, on the day of the workspace's clocks."""
    require(actor, Permission.ANNOTATE)
    since = clock.now().astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return Progress(
        waiting=memo.counted("review.waiting", lambda: ai.scalar(WAITING) or 0),
        disputed=ai.scalar(DISPUTED) or 0,
        oldest=ai.scalar(OLDEST),
        mine_today=ai.scalar(MINE, {"account": actor.id, "since": since}) or 0,
    )
