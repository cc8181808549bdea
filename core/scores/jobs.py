"""Reactions of the outbox to messages that arrive after their scores."""

from typing import Any

from core.conversations.ingest import named_messages
from core.jobs import outbox
from core.scores import ingest


@outbox.handles(named_messages.NAMED)
def link(payload: dict[str, Any]) -> None:
    """Link scores to the messages that they named."""
    ingest.link(payload["names"])
