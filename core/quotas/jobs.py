"""Delete counters of periods that are long over."""

from core.database.db import transaction
from core.jobs import queue
from core.quotas.service import rate_limits, reservations


@queue.app.periodic(cron="23 * * * *")
@queue.app.task(name="quotas.forget_old", queueing_lock="quotas.forget_old")
def forget_old(timestamp: int) -> None:
    """Delete the counters of periods that began over two months ago, every hour."""
    with transaction() as session:
        reservations.forget_old(session)
        rate_limits.forget_old(session)
