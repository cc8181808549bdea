"""Batch runs of the demo's two nightly jobs."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import exp
from random import Random
from typing import Any

from tools.demo.calendar import DAY, Calendar

RUNS = 97
RIPENING = {
    "read_sensors": 210_000,
    "weigh_wheels": 95_000,
    "update_ripeness": 160_000,
    "value_boards": 130_000,
    "draft_notes": 520_000,
    "send_notices": 45_000,
}
SETTLEMENT = {"match_sales": 38_000, "book_fees": 21_000, "pay_out": 140_000, "report": 12_000}
SENSORS_FAIL = (
    "read_sensors: gateway gletscherloch-02 refused the connection after 5 attempts (certificate "
    "renewal at 02:00 on Mondays); 41 wheels kept the ripeness of the night before"
)
LATE_FILE = (
    "pay_out: the bank's confirmation file came 3 h late; 12 transfers go out with the next run"
)


def runs(random: Random, calendar: Calendar) -> Iterator[dict[str, Any]]:
    """Yield the runs of both jobs, night by night."""
    for number in range(RUNS):
        midnight = calendar.until - (RUNS - number) * DAY
        yield _ripening(random, calendar, midnight + timedelta(hours=2, minutes=10))
        yield _settlement(random, midnight + timedelta(hours=21, minutes=30), number)


def _ripening(random: Random, calendar: Calendar, at: datetime) -> dict[str, Any]:
    phases = _phases(random, RIPENING)
    wheels = random.randint(1180, 1240)
    row = _run("nightly-ripening", at, wheels, phases)
    if calendar.is_monday(at):
        return row | _ended(
            at,
            phases | {"read_sensors": 1_500_000 + random.randint(0, 60_000)},
            wheels,
            41,
            "partial",
            SENSORS_FAIL,
        )
    return row | _ended(at, phases, wheels, 0, "completed", None)


def _settlement(random: Random, at: datetime, number: int) -> dict[str, Any]:
    phases = _phases(random, SETTLEMENT)
    sales = random.randint(140, 420)
    row = _run("swap-settlement", at, sales, phases)
    if number in (31, 67):
        return row | _ended(at, phases, sales, 12, "partial", LATE_FILE)
    if number == 52:
        stopped = {name: phases[name] for name in ("match_sales", "book_fees")}
        words = (
            "book_fees: two sales of one slice; the run was stopped and repeated by hand at 23:05"
        )
        return row | _ended(at, stopped, sales, sales, "failed", words)
    return row | _ended(at, phases, sales, 0, "completed", None)


def _run(job: str, at: datetime, total: int, phases: dict[str, int]) -> dict[str, Any]:
    return {
        "batch_run_id": f"rind-{job}-{at:%Y-%m-%d}",
        "batch_job": job,
        "triggered_by": "schedule",
        "app": "rind",
        "started_at": at.isoformat(timespec="milliseconds"),
        "total_jobs": total,
        "phase_durations": phases,
    }


def _ended(
    at: datetime, phases: dict[str, int], total: int, failed: int, status: str, words: str | None
) -> dict[str, Any]:
    ended = at + timedelta(milliseconds=sum(phases.values()))
    found: dict[str, Any] = {
        "status": status,
        "completed_at": ended.isoformat(timespec="milliseconds"),
        "completed_jobs": total - failed,
        "failed_jobs": failed,
        "phase_durations": phases,
    }
    return found | ({"error_summary": words} if words else {})


def _phases(random: Random, usual_ms: dict[str, int]) -> dict[str, int]:
    return {name: round(median * exp(random.gauss(0, 0.14))) for name, median in usual_ms.items()}
