"""The conversation around the message of a queue item."""

from core.annotations.schemas import QueueItemView
from core.conversations.errors import ConversationMissing, MessageMissing
from core.database.db import Session
from core.database.paging import Window
from core.identity.schemas import Actor
from core.insights.queries.conversation_detail import (
    ConversationPart,
    ReadMessage,
    read_conversation,
)
from core.system import workspace
from pages._ui.review import message_list
from pages.review.tuning import message_focus


def read(
    core: Session,
    ai: Session,
    item: QueueItemView,
    messages: int,
    actor: Actor,
    *,
    is_opening: bool,
) -> ConversationPart | None:
    """Return so many messages, that of the item among them; None when it was deleted."""
    talk, focus = str(item.conversation_id), str(item.message_id)
    try:
        return read_conversation(
            core, ai, talk, Window(messages), focus=focus, is_opening=is_opening, actor=actor
        )
    except (ConversationMissing, MessageMissing):
        return None


def find_message(item: QueueItemView, reading: ConversationPart | None) -> ReadMessage | None:
    """Return the message of the item; None when it was deleted."""
    messages = reading.messages if reading else []
    return next((each for each in messages if each.id == item.message_id), None)


def draw(reading: ConversationPart, message: ReadMessage) -> None:
    """Draw the messages, and scroll that of the item to the middle of its pane."""
    message_list.draw(reading.messages, workspace.zone(), focus=str(message.id), sees_costs=False)
    message_focus.scroll_to(
        f".st-key-focus-{message.id}", token=str(message.id), key="review.focus"
    )
