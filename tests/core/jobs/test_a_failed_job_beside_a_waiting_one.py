"""A job that fails and would be tried again, while another with its queueing lock waits."""

import asyncio
from datetime import timedelta

import pytest
from procrastinate import PsycopgConnector, RetryStrategy
from sqlalchemy import text

from core.database.connections import engines
from core.database.db import transaction
from core.jobs import queue

TASK = "tests.fails_as_another_waits"
LEFT = text("select status::text, attempts from procrastinate_jobs where task_name = :task")


@queue.app.task(name=TASK, retry=RetryStrategy(max_attempts=3, wait=3600))
def fail() -> None:
    """Fail, as the same job has been asked for once more."""
    with transaction() as session:
        queue.defer(session, TASK, queueing_lock=TASK, after=timedelta(hours=1))
    raise ValueError("this job fails")


async def _work() -> None:
    address = engines.driver_address(engines.current().core.url)
    with queue.app.replace_connector(
        PsycopgConnector(conninfo=address, min_size=1, max_size=3)
    ) as app:
        async with app.open_async():
            await app.configure_task(TASK, queueing_lock=TASK).defer_async()
            await app.run_worker_async(wait=False, install_signal_handlers=False)


@pytest.mark.usefixtures("database")
def test_only_the_waiting_job_stays() -> None:
    asyncio.run(_work())
    with transaction() as session:
        left = session.execute(LEFT, {"task": TASK}).all()
    assert [tuple(row) for row in left] == [("todo", 0)]
