"""Reactions of the outbox to feedback, and to conversations and messages that arrive after it."""

from typing import Any
from uuid import UUID

from core.conversations.ingest import conversations, named_messages
from core.jobs import outbox
from core.knowledge.feedback import ingest as feedback


@outbox.handles(feedback.GIVEN)
@outbox.handles(conversations.MADE)
def rate(payload: dict[str, Any]) -> None:
    """Update the ratings of conversations."""
    feedback.rate(
        [UUID(id_) for id_ in payload["ids"]], [UUID(id_) for id_ in payload.get("left", [])]
    )


@outbox.handles(named_messages.NAMED)
def link(payload: dict[str, Any]) -> None:
    """Link feedback to the messages that it named."""
    feedback.link(payload["names"])
