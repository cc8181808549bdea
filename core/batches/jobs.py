"""What is due of batch runs."""

from core import queue
from core.batches import service
from core.db import transaction


@queue.app.periodic(cron="* * * * *")
@queue.app.task(name="batches.give_up_silent", queueing_lock="batches.give_up_silent")
def give_up_silent(timestamp: int) -> None:
    """Mark runs that never reported their end as lost."""
    with transaction() as session:
        service.give_up_silent(session)
