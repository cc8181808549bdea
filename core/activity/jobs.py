"""Background jobs of events."""

from core.activity import rollups
from core.database.db import transaction
from core.database.settings import Workspace, read
from core.jobs import queue


@queue.app.periodic(cron="* * * * * */5")
@queue.app.task(name="activity.fold", queueing_lock="activity.fold")
def fold(timestamp: int) -> None:
    """Fold what batches have added into the rollups, until nothing waits."""
    while True:
        with transaction() as session:
            if not rollups.fold(session, zone=read(session, Workspace).reporting_time_zone):
                return
