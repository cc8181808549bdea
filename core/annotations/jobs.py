"""Jobs of annotations and the review queue; reactions to feedback and new conversations."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from core.annotations.service import annotations, counts, drafts, enqueue, withdrawals
from core.annotations.settings import ReviewSettings
from core.conversations.ingest import conversations
from core.database import settings
from core.database.db import Database, transaction
from core.identity.service import accounts as identity
from core.jobs import outbox, queue
from core.knowledge.feedback import ingest as feedback
from core.platform import clock
from core.scores import ingest as scores

# Messages have their senders' times, and may arrive this late; later ones are found through their
# conversations.
OVERLAP = conversations.LATE + timedelta(minutes=5)
NO_ID = UUID(int=0)


@outbox.handles(annotations.CHANGED)
@outbox.handles(conversations.MADE)
def count(payload: dict[str, Any]) -> None:
    """Update the annotation counts of conversations."""
    counts.count([UUID(id_) for id_ in payload["ids"]])


@outbox.handles(feedback.GIVEN)
@outbox.handles(conversations.MADE)
@outbox.handles(conversations.AGAIN)
def look_at_conversations(payload: dict[str, Any]) -> None:
    """Add answers to the queue that users disliked, that are new, or that were escalated; remove
    those whose ratings or scores are gone.
    """
    if left := payload.get("left"):
        withdrawals.withdraw([UUID(id_) for id_ in left])
    enqueue.enqueue_conversations([UUID(id_) for id_ in payload["ids"]])


@outbox.handles(scores.GIVEN)
def look_at_scores(payload: dict[str, Any]) -> None:
    """Add answers to the queue by their scores; remove those whose scores are gone."""
    if left := payload.get("left"):
        # One that leaves may be in the sample, as any other that nothing speaks against
        enqueue.enqueue_conversations(withdrawals.withdraw([UUID(id_) for id_ in left]))
    enqueue.enqueue_by_scores([UUID(id_) for id_ in payload["ids"]])


@outbox.handles(identity.ACCOUNT_REMOVED)
def drop_drafts(payload: dict[str, Any]) -> None:
    """Delete the drafts of removed accounts."""
    with transaction(Database.AI) as ai:
        drafts.drop_of(ai, [UUID(id_) for id_ in payload["ids"]])


@queue.app.periodic(cron="* * * * *")
@queue.app.task(name="annotations.fill", queueing_lock="annotations.fill")
def fill(timestamp: int) -> None:
    """Add new answers of ongoing conversations to the review queue."""
    with transaction() as core:
        rules, looked = (
            settings.read(core, ReviewSettings),
            settings.read(core, enqueue.CheckedUntil),
        )
    first = clock.now() - timedelta(days=rules.oldest_days)
    place: enqueue.Place | None = (max(first, (looked.until or first) - OVERLAP), NO_ID)
    while place is not None and not queue.stopping.is_set():
        begun = clock.now()
        place = enqueue.enqueue_answers(*place)
        until = begun if place is None else min(begun, place[0])  # the sender's clock may be ahead
        # After each batch, so that a job that is killed repeats one batch at most
        with transaction() as core:
            settings.write(core, enqueue.CheckedUntil(until=until), by=None)


@queue.app.periodic(cron="7 * * * *")
@queue.app.task(name="annotations.let_go", queueing_lock="annotations.let_go")
def let_go(timestamp: int) -> None:
    """Remove waiting items and drafts whose messages were deleted."""
    for remove in (enqueue.remove_orphans, drafts.drop_orphans):
        after: UUID | None = NO_ID
        while after is not None and not queue.stopping.is_set():
            after = remove(after)
