"""Background jobs of batch runs."""

from core.batches import service
from core.database.db import transaction
from core.jobs import queue


@queue.app.periodic(cron="* * * * *")
@queue.app.task(name="batches.give_up_silent", queueing_lock="batches.give_up_silent")
def give_up_silent(timestamp: int) -> None:
    """Mark runs as lost that have not reported for the configured time."""
    with transaction() as session:
        service.give_up_silent(session)
