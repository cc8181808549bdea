"""Background jobs of scores, and reactions to messages that arrive after their scores."""

from typing import Any

from core.conversations.ingest import named_messages
from core.jobs import outbox, queue
from core.scores import ingest, service


@outbox.handles(named_messages.NAMED)
def link(payload: dict[str, Any]) -> None:
    """Link scores to the messages that they named."""
    ingest.link(payload["names"])


@queue.app.periodic(cron="* * * * * */5")
@queue.app.task(name="scores.note_requests", queueing_lock="scores.note_requests")
def note_requests(timestamp: int) -> None:
    """Note the prompt versions and arms of the requests of new scores."""
    service.note_requests()
