"""Store batch runs: the newest state applies, in whichever order reports arrive."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.batches import error_summaries
from core.batches.schemas import ENDED, NewBatchRun
from core.database.db import check_locked
from core.database.field_versions import Version, VersionedFields, version_of
from core.database.import_traces import Traces
from core.database.sql_files import driver_statement
from core.database.staging import Connection, Stage, driver
from core.ingest.rows import RowSource, as_jsonb, key_of

NO_JOB = "batch"  # the job of runs that do not name one

TEXTS = ("status", "batch_job", "triggered_by", "environment", "app", "error_summary")
TIMES = ("started_at", "completed_at")
COUNTS = ("total_jobs", "completed_jobs", "failed_jobs")
OBJECTS = ("phase_durations", "attributes")
ORDER, IS_OBJECT = "phase_order", "error_is_object"
FIELDS = (*TEXTS, *TIMES, *COUNTS, IS_OBJECT, ORDER, *OBJECTS)

REPORTED = Stage(
    "reported_runs",
    {
        "id": "uuid",
        "batch_run_id": "text",
        "environment": "text",
        "started_at": "timestamptz",
        "status": "text",
        "import_id": "uuid",
    },
)
LEARNED = Stage(
    "learned_runs",
    {"id": "uuid"}
    | dict.fromkeys(TEXTS, "text")
    | dict.fromkeys(TIMES, "timestamptz")
    | dict.fromkeys(COUNTS, "int4")
    | {IS_OBJECT: "bool", ORDER: "text[]"}
    | dict.fromkeys((*OBJECTS, "told"), "text"),
)

INTERNAL = (
    b"select batch_run_id from batch_run_history where is_internal and batch_run_id = any(%s)"
)
MAKE, LOCK, UPDATE = (
    driver_statement(__package__, name) for name in ("make_runs", "lock_runs", "update_runs")
)


def store(session: Session, runs: list[NewBatchRun], source: RowSource) -> int:
    """Store states of runs; return how many of the rows changed anything.

    Reports of Attune's own jobs are ignored.
    """
    connection = driver(session)
    names = [run.batch_run_id for run in runs]
    internal = {name for (name,) in connection.execute(INTERNAL, [names])}
    runs = source.cleaned([run for run in runs if run.batch_run_id not in internal])
    REPORTED.copy(connection, _rows(runs, source))
    made = {id_ for (id_,) in connection.execute(MAKE, {"batch_job": NO_JOB})}
    ids = {key_of("batch_run", run.batch_run_id) for run in runs}
    known = lock(connection, ids)
    check_locked(ids, known.keys())
    traces = Traces(connection, source.import_id, "batch_run_history")
    traces.begin(known, made=made)
    phases = {id_: dict.fromkeys(each.values[ORDER] or ()) for id_, each in known.items()}
    news = 0
    for run in runs:
        id_, fields, version = key_of("batch_run", run.batch_run_id), _fields(run), _version(run)
        present = known[id_]
        traces.note(id_, fields, version)
        # Before the merge, which raises the versions
        told_now = [
            name
            for name in run.phase_durations or ()
            if present.versions.get(_phase(name), version) <= version
        ]
        has_news = present.merge(fields, version)
        for name in told_now:
            phases[id_].pop(name, None)
            phases[id_][name] = None
        if has_news or id_ in made:
            news += 1
            made.discard(id_)
    for id_, each in known.items():
        each.drop_excess()
        each.values[ORDER] = ordered(phases[id_], each.versions)
    LEARNED.copy(connection, (_learned(id_, each) for id_, each in known.items()))
    connection.execute(UPDATE)
    traces.keep(known)
    return news


def lock(connection: Connection, ids: Collection[UUID]) -> dict[UUID, VersionedFields]:
    """Return the stored fields of runs, locked in order."""
    rows = connection.execute(LOCK, {"ids": list(ids)})
    return {
        id_: VersionedFields(dict(zip(FIELDS, values, strict=True)), told)
        for id_, told, *values in rows
    }


def _rows(runs: list[NewBatchRun], source: RowSource) -> Iterator[tuple[object, ...]]:
    for run in runs:
        id_ = key_of("batch_run", run.batch_run_id)
        yield (
            id_,
            run.batch_run_id,
            source.environment,
            run.started_at,
            run.status,
            source.import_id,
        )


def _version(run: NewBatchRun) -> Version:
    """Return a state's version: ended before running, then report time, then progress."""
    is_ended = run.completed_at is not None or run.status in ENDED
    at = run.updated_at or run.created_at or run.completed_at or run.started_at
    done = (run.completed_jobs or 0) + (run.failed_jobs or 0)
    return [int(is_ended), *version_of(at), done, len(run.phase_durations or ())]


def _fields(run: NewBatchRun) -> dict[str, Any]:
    derived = ("attributes", "error_summary", IS_OBJECT, ORDER)
    given = {name: getattr(run, name) for name in FIELDS if name not in derived}
    summary, is_object = error_summaries.stored(run.error_summary)
    return given | {
        "attributes": run.extra,
        "error_summary": summary,
        IS_OBJECT: is_object,
    }


def ordered(phases: Iterable[str], versions: Mapping[str, Version]) -> list[str] | None:
    """Return phases in the order of the reports, and within each in the given order."""
    kept = [name for name in phases if _phase(name) in versions]
    return sorted(kept, key=lambda name: versions[_phase(name)]) or None


def _phase(name: str) -> str:
    return (
        f"phase_durations.{name}"  # the name of a nested field in core/database/field_versions.py
    )


def _learned(id_: UUID, fields: VersionedFields) -> tuple[object, ...]:
    plain = [fields.values[field] for field in (*TEXTS, *TIMES, *COUNTS, IS_OBJECT, ORDER)]
    phases, attributes = (fields.values[field] for field in OBJECTS)
    return id_, *plain, as_jsonb(phases) or "{}", as_jsonb(attributes), as_jsonb(fields.versions)
