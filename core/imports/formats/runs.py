"""Runs of workflows, as GitHub's API and command line write them, and scripts that collect those
with their jobs.

`{id, name, head_branch, event, status, conclusion, run_started_at, updated_at, jobs?: [{name,
conclusion, started_at, completed_at}]}` (docs.github.com, "List workflow runs"), or the same in
camel case (`gh run list --json`).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from core.imports.cells import states, timestamps, values
from core.imports.containers.paths import without
from core.imports.mapping import Mapping, ValueUnit
from core.imports.recognition import names
from core.imports.row_makers import MakeRows, RecordRefused, Row

NAMES = {
    "batch_run_id": ("id", "database_id", "run_id"),
    "batch_job": ("name", "workflow_name", "workflow", "display_title"),
    "triggered_by": ("event", "head_branch", "triggering_actor"),
    "started_at": ("run_started_at", "started_at", "created_at"),
    "completed_at": ("completed_at", "updated_at"),
}


def is_run(record: Row) -> bool:
    found = {names.plain(name) for name in record}
    signs = (
        {"conclusion"},
        {*NAMES["started_at"]},
        {"head_branch", "jobs", "workflow_name", "run_attempt", "head_sha"},
    )
    return all(found & each for each in signs)


def maker(mapping: Mapping) -> MakeRows:
    constants = {
        name: rule.constant for name, rule in mapping.fields.items() if rule.constant is not None
    }
    read_time = timestamps.reader(ValueUnit.ISO, zone=mapping.zone or "UTC", start=None, zero=0)
    return lambda record, _: [constants | _row(record, read_time)]


def _row(record: Row, read_time: Callable[[Any], str]) -> Row:
    found, used = _named(record)
    if "batch_run_id" not in found or "started_at" not in found:
        raise RecordRefused("a run needs an ID and a start time")
    row: Row = {
        name: values.text(found[name], 200)
        for name in ("batch_run_id", "batch_job", "triggered_by")
        if name in found
    }
    row["started_at"] = read_time(found["started_at"])
    row["status"] = "completed" if record.get("status") == "completed" else "running"
    if not values.is_nothing(concluded := record.get("conclusion")):
        row["status"] = states.RUN_STATES.get(
            values.word_of(concluded), values.word_of(concluded)[:200]
        )
    if row["status"] != "running" and "completed_at" in found:
        row["completed_at"] = read_time(found["completed_at"])
    given = record.get("jobs")
    if jobs := [job for job in given if isinstance(job, dict)] if isinstance(given, list) else []:
        row |= _figures(jobs)
        used.append("jobs")
    left = values.plain(
        without(record, [[name] for name in used if name != "conclusion"] + [["_key"]])
    )
    return row | ({"extra": left} if left else {})


def _named(record: Row) -> tuple[Row, list[str]]:
    # Of two that are called alike the first holds.
    plain = {names.plain(name): name for name in reversed(record)}
    found: Row = {}
    used = []
    for field, known in NAMES.items():
        name = next(
            (
                plain[each]
                for each in known
                if each in plain and not values.is_nothing(record[plain[each]])
            ),
            None,
        )
        if name is not None:
            found[field] = record[name]
            used.append(name)
    return found, used


def _figures(jobs: list[Row]) -> Row:
    """Return what the jobs of a run add up to; those that were skipped took no time."""
    ended = [values.word_of(job.get("conclusion") or "") for job in jobs]
    took = {
        values.text(job.get("name") or "job", 200): ms
        for job in jobs
        if (ms := _took_ms(job)) is not None
    }
    failed = [
        job
        for job, word in zip(jobs, ended, strict=True)
        if states.RUN_STATES.get(word) == "failed"
    ]
    found: Row = {
        "total_jobs": len(jobs),
        "completed_jobs": ended.count("success"),
        "failed_jobs": len(failed),
    }
    if took:
        found["phase_durations"] = took
    if failed:
        found["error_summary"] = (
            f"Failed: {', '.join(values.text(job.get('name') or 'a job', 200) for job in failed)}"[
                :10_000
            ]
        )
    return found


def _took_ms(job: Row) -> int | None:
    if job.get("conclusion") == "skipped":
        return None
    if isinstance(seconds := job.get("exec_seconds"), int | float) or hasattr(seconds, "is_finite"):
        return round(float(seconds or 0) * 1000)
    try:
        begin, end = (
            datetime.fromisoformat(str(job.get(name) or job.get(names.plain(name))))
            for name in ("started_at", "completed_at")
        )
        return round((end - begin).total_seconds() * 1000)
    except (ValueError, TypeError):  # TypeError: one of them names no zone
        return None
