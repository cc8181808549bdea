"""What is due of events."""

from core import queue
from core.activity import rollups
from core.db import transaction
from core.settings import Workspace, read


@queue.app.periodic(cron="* * * * * */5")
@queue.app.task(name="activity.fold", queueing_lock="activity.fold")
def fold(timestamp: int) -> None:
    """Fold what batches have added into the rollups, until nothing waits."""
    while True:
        with transaction() as session:
            if not rollups.fold(session, zone=read(session, Workspace).reporting_time_zone):
                return
