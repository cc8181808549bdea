"""Funnels are prepared by one job at a time, which leaves the places of the others free."""

import asyncio

import pytest
from procrastinate import PsycopgConnector

from core.activity import jobs
from core.database.connections import engines
from core.jobs import queue
from core.system import jobs as system_jobs


@pytest.mark.usefixtures("database")
def test_a_preparation_waits_for_the_one_before_while_other_jobs_begin() -> None:
    assert asyncio.run(taken()) == [jobs.prepare_funnels.name, system_jobs.heartbeat.name, None]


async def taken() -> list[str | None]:
    """Return what a worker begins one after another, of which nothing ends."""
    address = engines.driver_address(engines.current().core.url)
    connector = PsycopgConnector(conninfo=address, min_size=1, max_size=2)
    begun: list[str | None] = []
    with queue.app.replace_connector(connector) as app:
        async with app.open_async():
            worker_id = await app.job_manager.register_worker()
            for task in (jobs.prepare_funnels, jobs.prepare_funnels, system_jobs.heartbeat):
                await app.configure_task(task.name).defer_async(timestamp=0)
                if not begun:
                    job = await app.job_manager.fetch_job(None, worker_id)
                    begun.append(job.task_name if job else None)
            for _ in range(2):
                job = await app.job_manager.fetch_job(None, worker_id)
                begun.append(job.task_name if job else None)
    return begun
