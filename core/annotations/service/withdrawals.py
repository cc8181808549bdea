"""Take answers off the review queue when the ratings or scores that put them there are gone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import RowMapping, delete, select, text, update
from sqlalchemy.orm import Session

from core.annotations.models import ReviewItem
from core.annotations.schemas import QueueReason
from core.annotations.service import disliked_answers, enqueue, scored_answers
from core.annotations.settings import ReviewSettings
from core.database import settings
from core.database.db import Database, read_session, transaction
from core.database.tables import table_of
from core.platform import clock
from core.scores.models import MessageScore
from core.scores.schemas import ScoreSource

items, scores = table_of(ReviewItem), table_of(MessageScore)
OF_OPINIONS = {QueueReason.RATED_LOW, QueueReason.EDITED, QueueReason.SCORE}
# An item stays for as long as what put it there does, however old that has become
EVER = datetime(1970, 1, 1, tzinfo=UTC)
# Locked before ratings and scores are read: one that comes meanwhile waits, and adds the item again
UNTOUCHED = text("""
select id, conversation_id, message_id, reasons from review_items
where conversation_id = any(:ids) and state = 'waiting' and reviews_done = 0
    and (claimed_until is null or claimed_until <= :now) and reasons && cast(:reasons as text[])
order by message_id for update""")

Founded = Mapping[UUID, set[QueueReason]]


def withdraw(conversation_ids: Sequence[UUID]) -> list[UUID]:
    """Remove reasons that no rating and no score gives any longer from items that nobody has
    reviewed or reviews, and items without another reason; return the conversations of the latter.
    """
    with read_session() as core, transaction(Database.AI) as ai:
        given = {"ids": list(conversation_ids), "reasons": sorted(OF_OPINIONS)}
        rows = ai.execute(UNTOUCHED, {**given, "now": clock.now()}).mappings().all()
        if not rows:
            return []
        founded = _founded(core, ai, rows)
        return [row["conversation_id"] for row in rows if not _is_kept(ai, row, founded)]


def _is_kept(ai: Session, item: RowMapping, founded: Founded) -> bool:
    """Keep an item for the reasons that still hold, if there are any."""
    reasons = {QueueReason(each) for each in item["reasons"]}
    held = founded[item["message_id"]] | founded[item["conversation_id"]]
    left = reasons - (OF_OPINIONS - held)
    is_item = items.c.id == item["id"]
    if not left:
        ai.execute(delete(items).where(is_item))
    elif left != reasons:
        values = {"reasons": sorted(left), "priority": enqueue.priority_of(left)}
        ai.execute(update(items).where(is_item).values(values))
    return bool(left)


def _founded(core: Session, ai: Session, rows: Sequence[RowMapping]) -> Founded:
    """Return the reasons that ratings and scores give, by message or by conversation: what was its
    last answer then is not known.
    """
    talks = sorted({row["conversation_id"] for row in rows})
    rules = settings.read(core, ReviewSettings).score_rules
    founded: dict[UUID, set[QueueReason]] = defaultdict(set)
    for talk, message_id, reasons in disliked_answers.list_disliked(ai, talks, EVER):
        founded[message_id or talk] |= reasons
    for talk, message_id in scored_answers.list_scored(core, talks, rules, EVER):
        founded[message_id or talk].add(QueueReason.SCORE)
    # Which of these are low is not stored
    own = select(scores.c.subject_id).where(
        scores.c.subject_id.in_([row["message_id"] for row in rows]),
        scores.c.source.in_([ScoreSource.RULE, ScoreSource.JUDGE]),
    )
    for message_id in core.scalars(own):
        founded[message_id].add(QueueReason.SCORE)
    return founded
