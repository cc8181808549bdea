"""A job that fails and would be tried again, while another with its queueing lock waits."""

from datetime import timedelta

import pytest
from procrastinate import RetryStrategy
from sqlalchemy import text

from core.database.db import transaction
from core.jobs import queue
from tests.core.jobs import worker

TASK = "tests.fails_as_another_waits"
LEFT = text(
    "select status::text, attempts from procrastinate_jobs where task_name = :task order by id"
)


@queue.app.task(name=TASK, retry=RetryStrategy(max_attempts=3, wait=3600))
def fail() -> None:
    """Fail, as the same job has been asked for once more."""
    with transaction() as session:
        queue.defer(session, TASK, queueing_lock=TASK, after=timedelta(hours=1))
    raise ValueError("this job fails")


@pytest.mark.usefixtures("database")
def test_the_failed_job_has_ended_and_the_waiting_one_stays() -> None:
    worker.do(TASK, queueing_lock=TASK)
    with transaction() as session:
        left = session.execute(LEFT, {"task": TASK}).all()
    assert [tuple(row) for row in left] == [("failed", 1), ("todo", 0)]
