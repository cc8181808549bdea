"""Batch jobs that fail repeatedly, and in which phase; occasional failures don't count."""

import tracemalloc
from datetime import timedelta

import pytest

from core.batches.queries.failing_jobs import FailingJob, failing_jobs
from core.batches.views import BatchRunQuery
from core.database.db import transaction
from core.presentation.periods import Period
from tests.factories.ai_metrics import START
from tests.factories.batches import ran

pytestmark = pytest.mark.usefixtures("database")
DAY = timedelta(days=1)
MONTH = Period(START, START + 30 * DAY)
WHOLE = {"fetch": 100, "embed": 900, "publish": 50}


def found() -> list[FailingJob]:
    with transaction() as session:
        return failing_jobs(session, BatchRunQuery(MONTH))


def found_with_peak() -> tuple[list[FailingJob], int]:
    """Return what is found, and the most bytes that Python held meanwhile."""
    tracemalloc.start()
    try:
        return found(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def runs(
    *states: str,
    job: str = "nightly",
    summary: str | None = None,
    phases: dict[str, int] | None = None,
) -> None:
    for number, status in enumerate(states):
        is_good = status in ("completed", "running")
        said = None if is_good else summary
        ran(
            START + number * DAY,
            status,
            job=job,
            phase_durations=WHOLE if is_good or phases is None else phases,
            error_summary=said,
        )


def test_one_failure_in_a_month_needs_no_attention() -> None:
    runs(*["completed"] * 15, "failed", *["completed"] * 14)
    assert found() == []


def test_no_runs_are_no_failures() -> None:
    assert found() == []


def test_a_job_that_fails_often_is_named_with_its_phase_and_what_it_said() -> None:
    runs(*["completed", "failed"] * 5, "completed", summary="embed: 429 for 20 of 40 documents")
    runs(*["completed"] * 9, job="digest")
    [one] = found()
    assert (one.batch_job, one.bad, one.runs, one.in_a_row) == ("nightly", 5, 11, 0)
    assert (one.phase, one.summary) == ("embed", "embed: 429 for 20 of 40 documents")
    assert one.last_at == START + 9 * DAY


def test_two_failures_in_a_row_up_to_now_need_attention_however_rare_they_were() -> None:
    runs(*["completed"] * 28, "failed", "lost", summary=None)
    [one] = found()
    assert (one.in_a_row, one.bad, one.phase, one.summary) == (2, 2, None, None)


def test_one_that_fails_every_night_is_found_beside_one_that_runs_all_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.batches.queries.failing_jobs.MOST_RUNS", 10)
    runs(*["failed"] * 5, summary="no")
    for number in range(40):
        ran(
            START + 20 * DAY + number * DAY / 24,
            "failed" if number < 3 else "completed",
            job="hourly",
        )
    [one] = found()
    assert (one.batch_job, one.bad, one.runs) == ("nightly", 5, 5)


@pytest.mark.parametrize(
    ("summary", "phase"),
    [
        ("timeout after 30 s in load", "load"),
        ("Load index: timeout", "load index"),
        ("load_index: timeout", "publish"),
        ("could not download", "publish"),
        ("load index and load failed", "load index"),
    ],
)
def test_a_phase_is_named_by_whole_words_and_the_longest_name_of_them(
    summary: str, phase: str
) -> None:
    phases = {"load": 1, "load index": 1}
    for number in range(8):
        is_bad = number % 2
        durations = phases if is_bad else phases | {"publish": 1}
        at, status = START + number * DAY, "failed" if is_bad else "completed"
        ran(at, status, phase_durations=durations, error_summary=summary if is_bad else None)
    assert [one.phase for one in found()] == [phase]


def test_the_phase_is_the_one_that_failed_runs_did_not_get_to_when_they_do_not_say() -> None:
    runs(*["completed", "failed"] * 4, summary="it broke", phases={"fetch": 100, "embed": 900})
    assert [one.phase for one in found()] == ["publish"]


def test_a_job_that_never_worked_is_failing_too() -> None:
    runs("failed", "failed", "failed", phases={"fetch": 3})
    assert [(one.in_a_row, one.phase) for one in found()] == [(3, None)]


def test_running_ones_are_neither() -> None:
    runs("running", "failed", "failed", "running")
    assert [(one.runs, one.bad, one.in_a_row) for one in found()] == [(2, 2, 2)]


def test_long_summaries_of_many_runs_are_not_held_at_once() -> None:
    summary = "embed: " + "x" * 2**20
    runs(*["failed"] * 24, summary=summary)
    [one], peak_bytes = found_with_peak()
    assert (one.bad, one.phase) == (24, "embed")
    assert peak_bytes < 14 * 2**20


def test_long_durations_of_many_runs_are_not_read() -> None:
    phases = {"fetch": 1, "embed": {"log": "x" * 2**20}}
    for number in range(24):
        ran(START + number * DAY, "failed", phase_durations=phases, error_summary="embed: no")
    [one], peak_bytes = found_with_peak()
    assert (one.bad, one.phase) == (24, "embed")
    assert peak_bytes < 2 * 2**20
