"""Background jobs of AI requests."""

from core.ai_metrics.ingest import dimension_backfill, rollups
from core.ai_metrics.ingest import late_spans as late
from core.ai_metrics.queries import daily_indexes
from core.database.db import transaction
from core.database.rollups import fold_all
from core.jobs import queue


@queue.app.periodic(cron="* * * * * */5")
@queue.app.task(name="ai_metrics.fold", queueing_lock="ai_metrics.fold")
def fold(timestamp: int) -> None:
    """Fold stored deltas into the rollups until fewer than a full batch (AT_ONCE) were left."""
    fold_all(rollups.fold)


@queue.app.periodic(cron="* * * * * */5")
@queue.app.task(name="ai_metrics.join_late", queueing_lock="ai_metrics.join_late")
def join_late(timestamp: int) -> None:
    """Join due spans with their requests."""
    while True:
        with transaction() as session:
            if not late.join_late(session):
                return


@queue.app.periodic(cron="* * * * *")
@queue.app.task(name="ai_metrics.build_dimensions", queueing_lock="ai_metrics.build_dimensions")
def build_dimensions(timestamp: int) -> None:
    """Add stored requests to the rollups by dimension, once after these came."""
    dimension_backfill.build()


@queue.app.periodic(cron="* * * * *")
@queue.app.task(name="ai_metrics.give_up_late", queueing_lock="ai_metrics.give_up_late")
def give_up_late(timestamp: int) -> None:
    """Drop spans whose request never came, and merge the counts of dropped ones."""
    with transaction() as session:
        late.give_up(session)
    with transaction() as session:
        late.sum_dropped(session)


@queue.app.periodic(cron="*/10 * * * *")
@queue.app.task(name="ai_metrics.order_days", queueing_lock="ai_metrics.order_days")
def order_days(timestamp: int) -> None:
    """Give days that are over their indexes by latency and by cost."""
    daily_indexes.make()
