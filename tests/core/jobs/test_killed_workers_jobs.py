"""A job whose worker was killed has failed, whether another one waits already or not."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.jobs import queue
from core.jobs.failures import last_failure
from core.platform import clock
from core.system import jobs
from tests.core.jobs import worker

TASK = "tests.killed_with_its_worker"
KILLED = text("""
with killed as (
    insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 hour')
    returning id
)
insert into procrastinate_jobs (queue_name, task_name, queueing_lock, status, worker_id)
select 'default', cast(:task as text), cast(:task as text), 'doing', id from killed
""")
WAITS = text("""
insert into procrastinate_jobs (queue_name, task_name, queueing_lock, scheduled_at)
values ('default', cast(:task as text), cast(:task as text), now() + interval '1 hour')
""")


@queue.app.task(name=TASK)
def succeed() -> None:
    """Do nothing, when it is tried again."""


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("waits", [False, True])
def test_a_killed_workers_job_has_failed(waits: bool) -> None:
    # Deleted without a failure, it left a funnel that kills its workers at "preparing"
    with transaction() as session:
        session.execute(KILLED, {"task": TASK})
        if waits:
            session.execute(WAITS, {"task": TASK})
    worker.do(jobs.retry_stalled.name, timestamp=0)
    with transaction() as session:
        assert last_failure(session, TASK, since=clock.now() - timedelta(minutes=1)) is not None
