"""Jobs that failed for good are kept for a month."""

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.system import jobs
from tests.core.jobs import worker

FAILED = """
insert into procrastinate_jobs (queue_name, task_name, args, status)
select 'default', days, '{}', 'failed' from unnest(array['29', '31']) days
"""
ENDED = """
insert into procrastinate_events (job_id, type, at)
select id, 'failed', now() - task_name::int * interval '1 day' from procrastinate_jobs
"""


@pytest.mark.usefixtures("database")
def test_a_failed_job_is_deleted_after_thirty_days() -> None:
    # Jobs that failed for good were kept for ever
    assert jobs.FAILED_JOBS_KEPT_H == 30 * 24
    with transaction() as session:
        session.execute(text(FAILED))
        session.execute(text(ENDED))
    worker.do("system.delete_failed_jobs", timestamp=0)
    failed = text("select task_name from procrastinate_jobs where status = 'failed'")
    with transaction() as session:
        assert session.scalars(failed).all() == ["29"]
