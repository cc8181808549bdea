"""What follows from feedback, and from conversations that came after it."""

from typing import Any
from uuid import UUID

from core import outbox
from core.conversations import ingest as conversations
from core.knowledge import feedback


@outbox.handles(feedback.GIVEN)
@outbox.handles(conversations.MADE)
def rate(payload: dict[str, Any]) -> None:
    """Let conversations know their ratings."""
    feedback.rate([UUID(id_) for id_ in payload["ids"]])
