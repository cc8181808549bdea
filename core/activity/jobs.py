"""Background jobs of events."""

from core.activity.ingest import rollups
from core.activity.service import apply_funnel
from core.database.rollups import fold_all
from core.jobs import queue


@queue.app.periodic(cron="* * * * * */5")
# While one waits to run, no second one is queued
@queue.app.task(name="activity.fold", queueing_lock="activity.fold")
def fold(timestamp: int) -> None:
    """Fold stored deltas into the rollups until fewer than a full batch (AT_ONCE) were left."""
    fold_all(rollups.fold)


@queue.app.periodic(cron="* * * * * */5")
# With both locks one run works and one waits at most: preparing may take hours, and a further run
# every five seconds would soon leave no place for other jobs.
@queue.app.task(name=apply_funnel.TASK, queueing_lock=apply_funnel.TASK, lock=apply_funnel.TASK)
def prepare_funnels(timestamp: int) -> None:
    """Prepare saved funnels, and apply the workspace's."""
    apply_funnel.prepare_funnels()
