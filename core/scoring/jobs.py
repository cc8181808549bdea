"""Score messages of production every five minutes; low scores join the review queue."""

from typing import Any
from uuid import UUID

from core.annotations.service import enqueue
from core.jobs import outbox, queue
from core.scoring.service import production


@queue.app.periodic(cron="*/5 * * * *")
# With both locks one run works and one waits at most: two at once would pay for the same scores.
@queue.app.task(
    name="scoring.production", queueing_lock="scoring.production", lock="scoring.production"
)
def score_production(timestamp: int) -> None:
    """Score the sampled messages that came since the last run."""
    production.score_due_messages()


@outbox.handles(production.LOW)
def review(payload: dict[str, Any]) -> None:
    """Add messages with low scores to the review queue."""
    enqueue.enqueue_scored([UUID(id_) for id_ in payload["ids"]])
