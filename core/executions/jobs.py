"""Mark executions as failed when their process has ended."""

from core.database.db import transaction
from core.executions.service import executions as service
from core.jobs import queue


@queue.app.periodic(cron="* * * * *")
@queue.app.task(name="executions.fail_abandoned", queueing_lock="executions.fail_abandoned")
def fail_abandoned(timestamp: int) -> None:
    """Fail pending calls whose process was not alive for two minutes; checked every minute."""
    with transaction() as session:
        service.fail_abandoned(session)
