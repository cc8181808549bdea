"""Background jobs of annotations and the review queue, and reactions to feedback and new conversations."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from core.annotations import annotations, counts
from core.annotations.review_queue import drafts, sampling_rules
from core.annotations.settings import Review
from core.conversations import ingest as conversations
from core.database import settings
from core.database.db import Database, transaction
from core.identity import service as identity
from core.jobs import outbox, queue
from core.knowledge.feedback import ingest as feedback
from core.platform import clock

# Messages come with their senders' time, and may be that late; of what comes later, conversations tell.
OVERLAP = conversations.LATE + timedelta(minutes=5)
NO_ID = UUID(int=0)


@outbox.handles(annotations.CHANGED)
@outbox.handles(conversations.MADE)
def count(payload: dict[str, Any]) -> None:
    """Let conversations know how often they were annotated."""
    counts.count([UUID(id_) for id_ in payload["ids"]])


@outbox.handles(feedback.GIVEN)
@outbox.handles(conversations.MADE)
@outbox.handles(conversations.AGAIN)
def look_at_conversations(payload: dict[str, Any]) -> None:
    """Let what users disliked, what is new or came late, and what was passed on to people, join the review queue."""
    sampling_rules.look_at_conversations([UUID(id_) for id_ in payload["ids"]])


@outbox.handles(identity.REMOVED)
def drop_drafts(payload: dict[str, Any]) -> None:
    """Let what a removed account had begun to write go with it."""
    with transaction(Database.AI) as ai:
        drafts.drop_of(ai, [UUID(id_) for id_ in payload["ids"]])


@queue.app.periodic(cron="* * * * *")
@queue.app.task(name="annotations.fill", queueing_lock="annotations.fill")
def fill(timestamp: int) -> None:
    """Let new answers of conversations that go on join the review queue."""
    with transaction() as core:
        rules, looked = settings.read(core, Review), settings.read(core, sampling_rules.Looked)
    first = clock.now() - timedelta(days=rules.oldest_days)
    place: sampling_rules.Place | None = (max(first, (looked.until or first) - OVERLAP), NO_ID)
    while place is not None and not queue.stopping.is_set():
        begun = clock.now()
        place = sampling_rules.look_at_answers(*place)
        until = begun if place is None else min(begun, place[0])  # a sender's clock may be ahead
        with transaction() as core:
            settings.write(core, sampling_rules.Looked(until=until), by=None)


@queue.app.periodic(cron="7 * * * *")
@queue.app.task(name="annotations.let_go", queueing_lock="annotations.let_go")
def let_go(timestamp: int) -> None:
    """Let go of what waits for a review though its message is gone."""
    after: UUID | None = NO_ID
    while after is not None and not queue.stopping.is_set():
        after = sampling_rules.let_go(after)
