"""Runs of Attune's own jobs are in none of the product's figures, and are listed on request."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import text

from core.batches import ingest
from core.batches.queries import batch_runs, outcomes
from core.batches.queries.failing_jobs import failing_jobs
from core.batches.queries.kpis import run_kpis
from core.batches.queries.phases import phases
from core.batches.schemas import NewBatchRun
from core.batches.views import BatchRunQuery
from core.database.db import transaction
from core.database.paging import Window
from core.identity.schemas import Role
from core.ingest.rows import RowSource
from core.insights.queries.filter_options import read_filter_options
from core.platform import clock
from core.presentation.periods import last_days
from core.system.service import daily_job
from tests.factories.batches import ran
from tests.factories.history import at, count, days_ago
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
OWN = "attune.daily-1"


def of_attune() -> None:
    daily_job.run(OWN, triggered_by="schedule")


def test_the_daily_job_leaves_an_empty_workspace_empty() -> None:
    # Attune's own runs halved the median duration
    of_attune()
    asked, analyst = BatchRunQuery(last_days(7, zone="UTC")), person(Role.ANALYST).actor
    with transaction() as session:
        assert outcomes.summary(session, asked, actor=analyst).runs == 0
        assert batch_runs.list_runs(session, asked, window=Window(9), actor=analyst) == []
        assert outcomes.strips(session, asked, actor=analyst) == []
        assert outcomes.by_job(session, asked, actor=analyst) == []
        assert phases(session, asked, actor=analyst) == []
        assert read_filter_options(session, asked.period, "production", actor=analyst).jobs == []
        assert sum(day.runs for day in outcomes.by_day(session, asked, actor=analyst)) == 0


def test_its_duration_is_in_no_median_of_the_products_jobs() -> None:
    now = clock.now() - timedelta(hours=1)
    ran(now, took_s=600)
    of_attune()
    with transaction() as session:
        kpis = run_kpis(
            session, BatchRunQuery(last_days(7, zone="UTC")), actor=person(Role.ANALYST).actor
        )
    assert {kpi.name: kpi.value for kpi in kpis}["duration"] == 600_000


def test_its_failures_are_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError("no more")

    monkeypatch.setitem(daily_job.PHASES, "figures", fail)
    for number in range(3):
        with pytest.raises(OSError, match="no more"):
            daily_job.run(f"attune.daily-{number}", triggered_by="schedule")
    with transaction() as session:
        assert failing_jobs(session, BatchRunQuery(last_days(7, zone="UTC"))) == []


@pytest.mark.parametrize("asked", [{"internal": True}, {"job": "attune.daily"}])
def test_who_asks_for_them_sees_them_with_their_phases(asked: dict[str, bool | str]) -> None:
    of_attune()
    ran(clock.now())
    wanted = BatchRunQuery(last_days(7, zone="UTC"), **asked)  # type: ignore[arg-type]
    with transaction() as session:
        [run] = batch_runs.list_runs(
            session, wanted, window=Window(9), actor=person(Role.ANALYST).actor
        )
    assert (run.batch_run_id, run.is_internal, set(run.phase_durations)) == (
        OWN,
        True,
        set(daily_job.PHASES),
    )


def test_daily_metrics_have_only_the_products_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    of_attune()
    ran(clock.now())
    at(days_ago(-1), monkeypatch)
    daily_job.write_figures()
    assert count("daily_metrics", "metric_type = 'batch_runs' and metric_value = 1") == 2
    assert count("daily_metrics", "dimensions ->> 'batch_job' like 'attune%'") == 0


def test_no_sender_reports_of_attunes_jobs_or_in_their_place() -> None:
    of_attune()
    state = {
        "status": "failed",
        "batch_job": "attune.daily",
        "started_at": clock.now(),
        "completed_at": clock.now(),
    }
    rows = [
        msgspec.convert({**state, "batch_run_id": name}, NewBatchRun) for name in (OWN, "theirs")
    ]
    with transaction() as session:
        assert ingest.store(session, rows, RowSource("production", "UTC")) == 1
        session.execute(text("update batch_run_history set status = 'failed' where is_internal"))
        assert daily_job.is_due(session)
    with transaction() as session:
        session.execute(
            text("update batch_run_history set status = 'completed' where not is_internal")
        )
        assert daily_job.is_due(session)
    assert count("batch_run_history", "is_internal") == 1
