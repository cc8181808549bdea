"""Figures of days have all users whose events were stored: no later night counts those again that
were pending, on days longer past than a month.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.activity.ingest import pending_events
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.imports.schemas import TouchedRows
from core.system.service import daily_job
from tests.factories import activity
from tests.factories.history import daily as figure
from tests.factories.history import days_ago

LONG_AGO = days_ago(40)
TOUCHED = TouchedRows(
    since=days_ago(45), until=days_ago(44), kinds=["events"], environment="production"
)


def send(user: str) -> None:
    activity.store([activity.event("page.view", LONG_AGO, user_id=user)], defers=True)


def test_users_whose_events_are_pending_are_counted(database: Postgres) -> None:
    # Days longer past than a month are written again only when their count of events changes
    send("ann")
    daily_job.write_figures()
    assert figure("users_active", LONG_AGO) == 1
    send("bea")
    daily_job.write_again(TOUCHED)
    assert figure("users_active", LONG_AGO) == 2


def test_events_that_another_process_derives_from_are_waited_for(database: Postgres) -> None:
    send("ann")
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:  # as another process that is about to take them
            assert session.scalar(pending_events.ALONE)
            writing = pool.submit(daily_job.write_figures)
            with pytest.raises(TimeoutError):
                writing.result(timeout=0.5)
        writing.result(timeout=30)
    assert figure("users_active", LONG_AGO) == 1
