"""Background jobs of AI requests."""

from core.ai_metrics import rollups
from core.ai_metrics.otlp import late
from core.ai_metrics.queries import daily_indexes
from core.database.db import transaction
from core.database.settings import Workspace, read
from core.jobs import queue


@queue.app.periodic(cron="* * * * * */5")
@queue.app.task(name="ai_metrics.fold", queueing_lock="ai_metrics.fold")
def fold(timestamp: int) -> None:
    """Fold what batches have added into the rollups, until nothing waits."""
    while True:
        with transaction() as session:
            if not rollups.fold(session, zone=read(session, Workspace).reporting_time_zone):
                return


@queue.app.periodic(cron="* * * * * */5")
@queue.app.task(name="ai_metrics.join_late", queueing_lock="ai_metrics.join_late")
def join_late(timestamp: int) -> None:
    """Give spans that came without their request to it, as many as are due."""
    while True:
        with transaction() as session:
            if not late.join_late(session):
                return


@queue.app.periodic(cron="* * * * *")
@queue.app.task(name="ai_metrics.give_up_late", queueing_lock="ai_metrics.give_up_late")
def give_up_late(timestamp: int) -> None:
    """Drop spans whose request did not come, and sum up how many were dropped."""
    with transaction() as session:
        late.give_up(session)
    with transaction() as session:
        late.sum_dropped(session)


@queue.app.periodic(cron="*/10 * * * *")
@queue.app.task(name="ai_metrics.order_days", queueing_lock="ai_metrics.order_days")
def order_days(timestamp: int) -> None:
    """Give days that are over their indexes by latency and by cost."""
    daily_indexes.make()
