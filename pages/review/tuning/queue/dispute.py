"""A message to adjudicate, with its conversation and its annotations."""

from dataclasses import dataclass

from core.annotations.queries import review_items
from core.annotations.schemas import AnnotationView, ItemState, QueueItemView
from core.annotations.service import adjudication
from core.database.db import Database, transaction
from core.database.paging import Window
from core.insights.queries.conversation_detail import ConversationPart, ReadMessage
from pages._ui import guard, state
from pages.review.tuning.queue import adjudication_actions, item_conversation

AROUND, FIRST = 5, 20
READ = "review.decide.read"


@dataclass(frozen=True)
class Dispute:
    """An item to adjudicate, with its conversation and annotations, and the item after it."""

    item: QueueItemView
    following: QueueItemView
    reading: ConversationPart | None
    opinions: list[AnnotationView]

    @property
    def message(self) -> ReadMessage | None:
        return item_conversation.find_message(self.item, self.reading)


def list_items() -> tuple[list[QueueItemView], int]:
    with guard.ai_work() as (ai, actor):
        page = review_items.list_items(ai, ItemState.ADJUDICATION, Window(FIRST), actor=actor)
    return page.items, page.total_count


def read(items: list[QueueItemView]) -> Dispute:
    """Read the chosen item, else the first."""
    chosen = state.get(adjudication_actions.ITEM, None)
    place = next((n for n, each in enumerate(items) if each.id == chosen), 0)
    item = items[place]
    is_opening = state.get(READ, None) != item.id
    state.put(READ, item.id)
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        opinions = adjudication.list_opinions(ai, item.id, actor=actor)
        reading = item_conversation.read(core, ai, item, AROUND, actor, is_opening=is_opening)
    # Round and round: what Next has left comes again
    return Dispute(item, items[(place + 1) % len(items)], reading, opinions)
