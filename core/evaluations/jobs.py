"""Background jobs of evaluations, in the worker."""

from uuid import UUID

from procrastinate import JobContext

from core.database.db import transaction
from core.evaluations import runner
from core.evaluations.queries.evaluations import list_lost
from core.evaluations.service import evaluations
from core.jobs import queue
from core.platform import clock


@queue.app.task(name=evaluations.TASK, pass_context=True)
def work(context: JobContext, evaluation_id: str) -> None:
    """Run an evaluation for a while, from where it stands, and leave the rest to the next job."""
    runner.work(UUID(evaluation_id), may_go_on=queue.may_go_on(context))


@queue.app.periodic(cron="* * * * * */15")
@queue.app.task(name="evaluations.resume", queueing_lock="evaluations.resume")
def resume(timestamp: int) -> None:
    """Go on with evaluations whose worker has ended, or that no job has taken."""
    with transaction() as session:
        for row in list_lost(session):
            # Without a worker, or the job would leave it to the one that is gone; not lost again
            # until it has had its turn
            row.worker, row.alive_at = None, clock.now()
            evaluations.defer(session, row.id)
