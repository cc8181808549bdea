"""The assigned message with its conversation and draft, and the counters of the queue."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.annotations import settings
from core.annotations.queries import review_items, tags
from core.annotations.queries.review_items import QueueCounts
from core.annotations.review_session import HistoryEntry
from core.annotations.service import review_sessions
from core.database.db import Database, transaction
from core.insights.queries.conversation_detail import ConversationPart, ReadMessage
from pages._ui import guard, state
from pages._ui.cache import Reads
from pages.review.tuning.queue import item_conversation, queue_session, review_actions

AROUND = 13  # messages, that in focus among them


@dataclass(frozen=True)
class QueueRun:
    counters: QueueCounts
    entry: HistoryEntry | None
    reading: ConversationPart | None
    kept: Mapping[str, object] | None
    tags: list[str]
    guidelines: str

    @property
    def message(self) -> ReadMessage | None:
        if self.entry is None:
            return None
        return item_conversation.find_message(self.entry.item, self.reading)


def read(reads: Reads) -> QueueRun:
    """Read the assigned message with its conversation, draft and the queue's counters."""
    review_actions.resume()
    shown = queue_session.current().shown
    # With the state: an item that comes back to be corrected is opened anew
    place = shown and (shown.item.id, shown.is_saved)
    is_opening = shown is not None and state.get(queue_session.OPENED, None) != place
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        rules = settings.read(core, actor=actor)
        counted = review_items.counters(core, ai, actor=actor)
        state.seed(queue_session.HAS_KEYS, rules.single_keys)
        reading = (
            None
            if shown is None
            else item_conversation.read(core, ai, shown.item, AROUND, actor, is_opening=is_opening)
        )
        kept = (
            review_sessions.first_values(ai, shown, actor=actor)
            # Only at first: later runs keep what was entered
            if shown is not None and is_opening
            else None
        )
    state.put(queue_session.OPENED, place)
    offered = [each.tag for each in reads.ask_both(tags.list_tags)]
    return QueueRun(counted, shown, reading, kept, offered, rules.guidelines)
