"""What is due of AI requests."""

from core import queue
from core.ai_metrics import rollups
from core.db import transaction
from core.settings import Workspace, read


@queue.app.periodic(cron="* * * * * */5")
@queue.app.task(name="ai_metrics.fold", queueing_lock="ai_metrics.fold")
def fold(timestamp: int) -> None:
    """Fold what batches have added into the rollups, until nothing waits."""
    while True:
        with transaction() as session:
            if not rollups.fold(session, zone=read(session, Workspace).reporting_time_zone):
                return
