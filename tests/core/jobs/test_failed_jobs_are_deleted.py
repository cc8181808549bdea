"""Jobs that failed for good are kept for a month."""

import asyncio

import pytest
from procrastinate import PsycopgConnector
from sqlalchemy import text

from core.database.connections import engines
from core.database.db import transaction
from core.jobs import queue
from core.system import jobs

FAILED = """
insert into procrastinate_jobs (queue_name, task_name, args, status)
select 'default', days, '{}', 'failed' from unnest(array['29', '31']) days
"""
ENDED = """
insert into procrastinate_events (job_id, type, at)
select id, 'failed', now() - task_name::int * interval '1 day' from procrastinate_jobs
"""


async def _work() -> None:
    address = engines.driver_address(engines.current().core.url)
    connector = PsycopgConnector(conninfo=address, min_size=1, max_size=3)
    with queue.app.replace_connector(connector) as app:
        async with app.open_async():
            await app.configure_task("system.delete_failed_jobs").defer_async(timestamp=0)
            await app.run_worker_async(wait=False, install_signal_handlers=False)


@pytest.mark.usefixtures("database")
def test_a_failed_job_is_deleted_after_thirty_days() -> None:
    assert jobs.FAILED_JOBS_KEPT_H == 30 * 24
    with transaction() as session:
        session.execute(text(FAILED))
        session.execute(text(ENDED))
    asyncio.run(_work())
    failed = text("select task_name from procrastinate_jobs where status = 'failed'")
    with transaction() as session:
        assert session.scalars(failed).all() == ["29"]
