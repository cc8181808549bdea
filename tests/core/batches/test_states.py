"""States of a batch run arrive in any order, repeated, or concurrently: the newest applies."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from core.batches import ingest, service
from core.batches.jobs import give_up_silent
from core.batches.queries.batch_runs import list_running
from core.batches.schemas import NewBatchRun
from core.batches.views import BatchRunQuery
from core.database import field_versions, settings
from core.database.db import transaction
from core.identity.schemas import Role
from core.ingest.rows import RowSource
from core.platform import clock
from core.presentation.periods import Period
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")

START = datetime(2026, 11, 1, 3, tzinfo=UTC)
SOURCE = RowSource(environment="production", zone="UTC")
STATES: list[dict[str, Any]] = [
    {"status": "running", "total_jobs": 9, "triggered_by": "timer", "batch_job": "nightly"},
    {"status": "running", "completed_jobs": 3, "phase_durations": {"load": 10}},
    {
        "status": "running",
        "completed_jobs": 6,
        "failed_jobs": 1,
        "phase_durations": {"load": 10, "count": 30},
    },
    {
        "status": "partial",
        "completed_jobs": 8,
        "failed_jobs": 1,
        "completed_at": (START + timedelta(hours=1)).isoformat(),
    },
]


def report(*states: dict[str, Any]) -> int:
    rows = [{"batch_run_id": "run", "started_at": START.isoformat()} | state for state in states]
    with transaction() as session:
        return ingest.store(session, msgspec.convert(rows, list[NewBatchRun]), SOURCE)


def run() -> dict[str, Any]:
    with transaction() as session:
        found = session.execute(text("select * from batch_run_history")).mappings().one()
    return {name: value for name, value in found.items() if name not in ("heard_at", "received_at")}


def fade(session_minutes: float) -> None:
    with transaction() as session:
        session.execute(
            text("update batch_run_history set heard_at = now() - make_interval(mins => :m)"),
            {"m": session_minutes},
        )


def test_the_end_holds_and_the_phases_add_up() -> None:
    assert [report(state) for state in STATES] == [1, 1, 1, 1]
    found = run()
    assert (
        found["status"],
        found["total_jobs"],
        found["completed_jobs"],
        found["failed_jobs"],
    ) == ("partial", 9, 8, 1)
    assert (found["batch_job"], found["triggered_by"]) == ("nightly", "timer")
    assert found["phase_durations"] == {"load": 10, "count": 30}
    assert found["completed_at"] == START + timedelta(hours=1)


def test_of_very_many_phases_the_newest_stay_in_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Put in order for each row, 44 KB took 50 s
    monkeypatch.setattr(field_versions, "MOST_FIELDS", 3)
    reports = [{"status": "running", "phase_durations": {str(phase): 1}} for phase in range(9)]
    for batch in (reports[:5], reports[5:]):
        report(*(each | {"completed_jobs": reports.index(each)} for each in batch))
    found = run()
    assert found["phase_order"] == ["6", "7", "8"]
    assert set(found["phase_durations"]) == {"6", "7", "8"}


def test_phases_are_put_in_order_once_however_often_a_batch_tells_a_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For each report it took a minute of 44 KB: 4,900 reports of a run of 18,000 phases."""
    calls = []

    def counted(*given: Any) -> list[str] | None:  # noqa: ANN401  passed on
        calls.append(given)
        return ordered(*given)

    ordered = ingest.ordered
    monkeypatch.setattr(ingest, "ordered", counted)
    report(*STATES)
    assert len(calls) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_order_changes_nothing(order: tuple[int, ...]) -> None:
    report(*STATES)
    expected = run()
    with transaction() as session:
        session.execute(text("delete from batch_run_history"))
    for number in (*order, order[0]):
        report(STATES[number])
    assert run() == expected


def test_at_once_changes_nothing_either() -> None:
    report(*STATES)
    expected = run()
    with transaction() as session:
        session.execute(text("delete from batch_run_history"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(report, STATES * 4))
    assert run() == expected


def test_what_is_sent_again_says_nothing_new() -> None:
    report(*STATES)
    assert report(*STATES) == 0


def test_an_unknown_status_is_kept_as_it_was_sent() -> None:
    report({"status": "waiting for Godot", "extra": {"mood": "calm"}})
    assert (run()["status"], run()["attributes"]) == ("waiting for Godot", {"mood": "calm"})


def test_a_later_report_by_its_own_time_wins() -> None:
    report(
        {
            "status": "running",
            "completed_jobs": 2,
            "updated_at": (START + timedelta(minutes=2)).isoformat(),
        }
    )
    report(
        {
            "status": "running",
            "completed_jobs": 5,
            "updated_at": (START + timedelta(minutes=1)).isoformat(),
        }
    )
    assert run()["completed_jobs"] == 2


def test_a_silent_run_is_lost_and_found_again_when_it_speaks() -> None:
    report(STATES[0])
    fade(361)
    give_up_silent(0)
    assert run()["status"] == "lost"
    report(STATES[1])
    assert run()["status"] == "running"
    fade(361)
    give_up_silent(0)
    report(STATES[3])
    assert run()["status"] == "partial"


def test_a_run_that_speaks_now_and_then_is_not_lost() -> None:
    report(STATES[0])
    fade(359)
    with transaction() as session:
        assert service.give_up_silent(session) == 0
    report(STATES[0])
    fade(5)
    give_up_silent(0)
    assert run()["status"] == "running"


@pytest.mark.parametrize("status", ["completed", "failed", "partial", "odd"])
def test_what_has_ended_is_never_lost(status: str) -> None:
    report({"status": status})
    fade(100_000)
    give_up_silent(0)
    assert run()["status"] == status


def test_the_silence_is_the_workspaces_choice() -> None:
    report(STATES[0])
    fade(6)
    with transaction() as session:
        settings.write(session, settings.Workspace(batch_silence_minutes=5), by=None)
    give_up_silent(int(clock.now().timestamp()))
    assert run()["status"] == "lost"


def test_a_run_that_tells_its_end_is_never_lost_though_it_is_said_to_run() -> None:
    # It has ended, and marking it lost turned history into failures
    report(STATES[0] | {"completed_at": (START + timedelta(minutes=5)).isoformat()})
    fade(999)
    give_up_silent(0)
    assert run()["status"] == "running"
    period = Period(START, START + timedelta(days=1))
    with transaction() as session:
        assert (
            list_running(session, BatchRunQuery(period), limit=9, actor=person(Role.ANALYST).actor)
            == []
        )
