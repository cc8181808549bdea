"""Background jobs: procrastinate's queue in the database `core`.

A feature's `jobs.py` declares tasks with `@queue.app.task(...)`. Tasks are deferred inside a
transaction of the caller, so that row and job commit together or not at all.
"""

import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import timedelta
from typing import Any

from procrastinate import App, JobContext, RetryStrategy, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, UniqueViolation
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from sqlalchemy.orm import Session

from core.errors import Unavailable
from core.platform import clock


class Jobs(JobManager):
    """Procrastinate's jobs; a failed one ends when another with its queueing lock waits already."""

    async def retry_job_by_id_async(
        self,
        job_id: int,
        *args: Any,  # noqa: ANN401  procrastinate's own
        **options: Any,  # noqa: ANN401
    ) -> None:
        """Have a job tried again, unless another one waits and will do the same."""
        try:
            await super().retry_job_by_id_async(job_id, *args, **options)
        except UniqueViolation:
            # Without an end it would be "doing" for as long as its worker lives
            await self.finish_job_by_id_async(job_id, Status.FAILED, delete_job=False)


# Declares the tasks; only the worker opens it.
app = App(connector=SyncPsycopgConnector())
app.job_manager = Jobs(app.connector)
# Defers tasks on connections of the callers, and is never opened. An app that a worker has opened
# must not be used for this from other threads (one call in a hundred took 30 s).
_deferring = App(connector=SyncPsycopgConnector())
# Jobs that may take hours wait for each other only: on the usual queue, four of them would keep the
# worker from its heartbeat, evaluations, timeouts and rollups.
USUAL, LONG = "default", "long"
# Set when this worker stops: a long job leaves the rest of its work to the next run.
stopping = threading.Event()
# Of a job that must be done: tried again for five minutes while a database is away
WITHOUT_DATABASE = RetryStrategy(max_attempts=60, wait=5, retry_exceptions={Unavailable})


def may_go_on(context: JobContext) -> Callable[[], bool]:
    """Return what tells whether a long job goes on: until it is aborted or its worker stops."""
    return lambda: not (stopping.is_set() or context.should_abort())


def defer(
    session: Session,
    task: str,
    *,
    queue: str = USUAL,
    queueing_lock: str | None = None,
    lock: str | None = None,
    after: timedelta | None = None,
    **arguments: Any,  # noqa: ANN401  JSON
) -> None:
    """Defer a task in the caller's transaction, to run at once or after some time; with a
    `queueing_lock`, unless one with the same waits already. Of those with the same `lock`, one runs
    at a time.
    """
    at = None if after is None else clock.now() + after
    # A savepoint: the refusal of a second job would else undo what the caller has done
    savepoint = nullcontext() if queueing_lock is None else session.begin_nested()
    with suppress(AlreadyEnqueued), savepoint:
        # Within it: SQLAlchemy begins a savepoint as its connection is asked for
        connection = session.connection().connection.driver_connection
        _deferring.configure_task(
            task,
            connection=connection,
            queue=queue,
            queueing_lock=queueing_lock,
            lock=lock,
            schedule_at=at,
        ).defer(**arguments)
