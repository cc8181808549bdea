"""Runs of batch jobs reported by the client: started, with phases, completed or failed."""

import contextlib
import time
from collections.abc import Callable

import pytest

from attune_client import BatchRun, Client
from tests.client.conftest import MakeClient
from tests.client.recorder import Recorder, Row
from tests.ports import free_port


def states(recorder: Recorder, client: Client) -> list[Row]:
    assert client.flush()
    return recorder.of("batch-runs")


def test_a_run_tells_of_its_start_its_phases_and_its_end(
    recorder: Recorder, client: Client
) -> None:
    with client.batch_run("nightly", total_jobs=3, triggered_by="cron", tenant="a") as run:
        with run.phase("load"):
            time.sleep(0.02)
        with run.phase("store"):
            run.completed(2)
        with run.phase("load"):
            run.completed()
    first, *_, last = states(recorder, client)
    assert (first["status"], first["batch_job"], first["total_jobs"], first["triggered_by"]) == (
        "running",
        "nightly",
        3,
        "cron",
    )
    assert (first["tenant"], first["app"], first["environment"]) == ("a", "shop", "staging")
    assert "completed_at" not in first
    assert (last["status"], last["completed_jobs"], last["failed_jobs"]) == ("completed", 3, 0)
    assert list(last["phase_durations"]) == ["load", "store"]
    assert 20 <= last["phase_durations"]["load"] < 20_000  # in milliseconds
    assert last["completed_at"] >= first["started_at"]
    assert {row["batch_run_id"] for row in recorder.of("batch-runs")} == {run.id}
    times = [row["updated_at"] for row in recorder.of("batch-runs")]
    assert times == sorted(times)


def test_what_the_host_raises_goes_on_and_makes_a_failed_run(
    recorder: Recorder, client: Client
) -> None:
    with (
        pytest.raises(ValueError, match="no more"),
        client.batch_run("nightly") as run,
        run.phase("load"),
    ):
        raise ValueError("no more")
    last = states(recorder, client)[-1]
    assert (last["status"], last["error_summary"]) == ("failed", "load: ValueError: no more")
    assert "load" in last["phase_durations"]


def test_a_failed_run_names_the_innermost_phase_of_what_was_raised(
    recorder: Recorder, client: Client
) -> None:
    # The console marks the phase that the error summary names
    def work(run: BatchRun) -> None:
        with contextlib.suppress(ValueError), run.phase("load"):
            raise ValueError("handled by the host")
        with run.phase("store"), run.phase("write"):
            raise OSError("disk full")

    assert summary_of(recorder, client, work) == "write: OSError: disk full"


def test_what_is_raised_outside_of_phases_names_none(recorder: Recorder, client: Client) -> None:
    def work(run: BatchRun) -> None:
        with contextlib.suppress(ValueError), run.phase("load"):
            raise ValueError("handled by the host")
        raise OSError("disk full")

    assert summary_of(recorder, client, work) == "OSError: disk full"


def summary_of(recorder: Recorder, client: Client, work: Callable[[BatchRun], None]) -> str:
    with contextlib.suppress(OSError), client.batch_run("nightly") as run:
        work(run)
    summary: str = states(recorder, client)[-1]["error_summary"]
    return summary


def test_failed_jobs_make_a_partial_run(recorder: Recorder, client: Client) -> None:
    with client.batch_run("nightly") as run:
        run.completed(9)
        run.failed()
    last = states(recorder, client)[-1]
    assert (last["status"], last["completed_jobs"], last["failed_jobs"]) == ("partial", 9, 1)


@pytest.mark.parametrize(("code", "status"), [(0, "completed"), (None, "completed"), (3, "failed")])
def test_an_orderly_exit_is_no_failure(
    recorder: Recorder, client: Client, code: int | None, status: str
) -> None:
    with pytest.raises(SystemExit), client.batch_run("nightly"):
        raise SystemExit(code)
    assert states(recorder, client)[-1]["status"] == status


def test_a_long_run_shows_that_it_lives(
    recorder: Recorder, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attune_client.sender.BEAT_INTERVAL_S", 0.05)
    with client.batch_run("nightly") as run:
        run.completed(5)
        while len(recorder.of("batch-runs")) < 4:
            time.sleep(0.02)
    *going_on, last = states(recorder, client)
    assert {row["status"] for row in going_on} == {"running"}
    assert going_on[-1]["completed_jobs"] == 5
    assert last["status"] == "completed"


def test_without_attune_the_job_runs_all_the_same(make: MakeClient) -> None:
    client = make(f"http://127.0.0.1:{free_port()}")
    done = False
    with client.batch_run("nightly") as run, run.phase("load"):
        done = True
    assert done
