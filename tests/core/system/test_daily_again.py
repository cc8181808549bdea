"""A killed daily job is retried by the queue under the same name, and counts nothing twice."""

from types import SimpleNamespace
from typing import cast

import pytest
from procrastinate import JobContext

from core.embedded.postgres import Postgres
from core.system import jobs
from core.system.service import daily_job
from tests.factories.history import count, days_ago, events


class Killed(BaseException):
    """What no handler catches."""


def test_a_killed_run_goes_on_under_its_name(
    database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = cast("JobContext", SimpleNamespace(job=SimpleNamespace(id=7)))
    events({"created_at": days_ago(2)})

    def die() -> None:
        daily_job.write_figures()
        raise Killed

    with monkeypatch.context() as patch:
        patch.setitem(daily_job.PHASES, "figures", die)
        with pytest.raises(Killed):
            jobs.daily(context, 0)
    assert count("batch_run_history", "status = 'running' and batch_job = 'attune.daily'") == 1
    figures = count("daily_metrics")
    jobs.daily(context, 0)
    assert (
        count("batch_run_history", "status = 'completed' and batch_run_id = 'attune.daily-7'") == 1
    )
    assert count("batch_run_history", "batch_job = 'attune.daily'") == 1
    assert count("daily_metrics", "metric_type not like 'batch%'") == figures
