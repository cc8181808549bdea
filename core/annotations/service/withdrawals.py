"""Take answers off the review queue when the ratings or scores that put them there are gone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
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
from core.platform.clock import EPOCH
from core.scores.models import MessageScore
from core.scores.schemas import ScoreSource

items, scores = table_of(ReviewItem), table_of(MessageScore)
OPINION_REASONS = {QueueReason.RATED_LOW, QueueReason.EDITED, QueueReason.SCORE}
# Locked before ratings and scores are read: one that comes meanwhile waits, and adds the item again
UNREVIEWED = text("""
select id, conversation_id, message_id, reasons from review_items
where conversation_id = any(:ids) and state = 'waiting' and reviews_done = 0
    and (claimed_until is null or claimed_until <= :now) and reasons && cast(:reasons as text[])
order by message_id for update""")

# By message, or by conversation where an opinion is on the whole of it
ReasonsGiven = Mapping[UUID, set[QueueReason]]


def withdraw(conversation_ids: Sequence[UUID]) -> list[UUID]:
    """Remove review items whose bad ratings or low scores are gone; return their conversations.

    An item that has another reason stays for that one. One that somebody has reviewed, or is
    reviewing, stays as it is.
    """
    with read_session() as core, transaction(Database.AI) as ai:
        given = {"ids": list(conversation_ids), "reasons": sorted(OPINION_REASONS)}
        rows = ai.execute(UNREVIEWED, {**given, "now": clock.now()}).mappings().all()
        if not rows:
            return []
        reasons = _reasons_given(core, ai, rows)
        return [row["conversation_id"] for row in rows if _remove_reasons(ai, row, reasons)]


def _remove_reasons(ai: Session, item: RowMapping, given: ReasonsGiven) -> bool:
    """Remove an item's reasons that no opinion gives any longer, and the item if it has no other;
    return whether it was removed.
    """
    reasons = {QueueReason(each) for each in item["reasons"]}
    held = given[item["message_id"]] | given[item["conversation_id"]]
    left = reasons - (OPINION_REASONS - held)
    is_item = items.c.id == item["id"]
    if not left:
        ai.execute(delete(items).where(is_item))
    elif left != reasons:
        values = {"reasons": sorted(left), "priority": enqueue.priority_of(left)}
        ai.execute(update(items).where(is_item).values(values))
    return not left


def _reasons_given(core: Session, ai: Session, rows: Sequence[RowMapping]) -> ReasonsGiven:
    """Return the reasons that ratings and scores give.

    Which answer was the last as a whole conversation was rated is not known: any of it counts.
    """
    conversation_ids = sorted({row["conversation_id"] for row in rows})
    rules = settings.read(core, ReviewSettings).score_rules
    given: dict[UUID, set[QueueReason]] = defaultdict(set)
    # An item stays for as long as what put it there does, however old that has become
    for each in disliked_answers.list_disliked(ai, conversation_ids, EPOCH):
        given[each.message_id or each.conversation_id] |= each.reasons
    scored = scored_answers.list_scored(core, conversation_ids, rules, EPOCH)
    for conversation_id, message_id in scored:
        given[message_id or conversation_id].add(QueueReason.SCORE)
    # Of the scores of Attune's own scorers, which are low is not stored
    own = select(scores.c.subject_id).where(
        scores.c.subject_id.in_([row["message_id"] for row in rows]),
        scores.c.source.in_([ScoreSource.RULE, ScoreSource.JUDGE]),
    )
    for message_id in core.scalars(own):
        given[message_id].add(QueueReason.SCORE)
    return given
