"""Delete counters of periods that are long over."""

from datetime import timedelta

from sqlalchemy import delete

from core.database.db import transaction
from core.jobs import queue
from core.platform import clock
from core.quotas.models import UsageCounter

KEPT = timedelta(days=62)


@queue.app.periodic(cron="23 * * * *")
@queue.app.task(name="quotas.forget_old", queueing_lock="quotas.forget_old")
def forget_old(timestamp: int) -> None:
    """Delete what was used in periods that began over two months ago."""
    with transaction() as session:
        session.execute(delete(UsageCounter).where(UsageCounter.period_start < clock.now() - KEPT))
