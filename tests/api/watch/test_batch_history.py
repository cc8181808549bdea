"""Batch runs over HTTP: their history, one run, and how long their phases took."""

from datetime import timedelta

import httpx2

from tests.api.watch.conftest import NOW, got, rows_of
from tests.factories.batches import ran


def test_a_run_whose_own_id_has_slashes_is_found(analyst: httpx2.Client) -> None:
    ran(NOW, batch_run_id="nightly/7")
    assert got(analyst, "/admin/batch/history/nightly%2F7")["batch_run_id"] == "nightly/7"


def test_the_history_of_batch_runs(analyst: httpx2.Client) -> None:
    for number, state in enumerate(("completed", "failed", "completed", "odd")):
        ran(
            NOW - timedelta(hours=number),
            state,
            batch_run_id=f"run {number}",
            phase_durations={"load": 100 * number},
        )
    found = got(analyst, "/admin/batch/history", days=7)
    assert [row["batch_run_id"] for row in found["items"]] == ["run 0", "run 1", "run 2", "run 3"]
    assert (found["total_count"], found["limit"], found["offset"]) == (4, 100, 0)
    assert (
        found["summary"]["success_rate"],
        found["summary"]["other"],
        found["summary"]["previous"]["runs"],
    ) == (2 / 3, 1, 0)
    assert sum(day["runs"] for day in found["series"]) == 4
    assert got(analyst, "/admin/batch/history", days=7, status="failed")["total_count"] == 1
    assert got(analyst, "/admin/batch/history", days=7, job="another")["items"] == []
    assert len(rows_of(analyst, "/admin/batch/history", days=7)) == 4
    assert got(analyst, "/admin/batch/history/run 2")["duration_ms"] == 60_000
    assert analyst.get("/admin/batch/history/run 9").status_code == 404
    (phase,) = got(analyst, "/admin/batch/phases", days=7)["items"]
    assert (phase["batch_job"], phase["phase"], phase["p50_ms"], phase["p95_ms"]) == (
        "nightly",
        "load",
        100,
        300,
    )
