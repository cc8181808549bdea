"""Store batch runs: the newest state holds, whatever the order of arrival."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from core.batches.schemas import ENDED, NewBatchRun
from core.database import import_traces
from core.database.newest_values import KnownFields, Version, version_of
from core.database.staging import Stage, driver
from core.ingest.intake import RowSource, as_jsonb, key_of

NO_JOB = "batch"  # of runs that do not say which job they are of

TEXTS = ("status", "batch_job", "triggered_by", "environment", "app", "error_summary")
TIMES = ("started_at", "completed_at")
COUNTS = ("total_jobs", "completed_jobs", "failed_jobs")
OBJECTS = ("phase_durations", "attributes")
ORDER = "phase_order"
FIELDS = (*TEXTS, *TIMES, *COUNTS, ORDER, *OBJECTS)

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
    {"batch_run_id": "text"}
    | dict.fromkeys(TEXTS, "text")
    | dict.fromkeys(TIMES, "timestamptz")
    | dict.fromkeys(COUNTS, "int4")
    | {ORDER: "text[]"}
    | dict.fromkeys((*OBJECTS, "told"), "text"),
)

INTERNAL = "select batch_run_id from batch_run_history where is_internal and batch_run_id = any(%s)"
MAKE = f"""
insert into batch_run_history (id, batch_run_id, batch_job, environment, app, started_at, status, import_id)
select distinct on (id) id, batch_run_id, '{NO_JOB}', environment, '', started_at, status, import_id
from reported_runs order by id, started_at
on conflict do nothing returning batch_run_id"""  # noqa: S608  a name of our own
LOCK = f"""
select batch_run_id, told, {", ".join(FIELDS)} from batch_run_history
where batch_run_id in (select batch_run_id from reported_runs)
order by id for update"""  # noqa: S608
LEARN = f"""
update batch_run_history as run set heard_at = now(), told = learned.told::jsonb,
    {", ".join(f"{name} = learned.{name}" for name in (*TEXTS, *TIMES, *COUNTS, ORDER))},
    {", ".join(f"{name} = learned.{name}::jsonb" for name in OBJECTS)}
from learned_runs as learned where learned.batch_run_id = run.batch_run_id"""  # noqa: S608


def store(session: Session, runs: list[NewBatchRun], source: RowSource) -> int:
    """Store states of runs; return how many of the rows said anything new. Of Attune's own runs nobody else reports."""
    connection = driver(session)
    names = [run.batch_run_id for run in runs]
    internal = {name for (name,) in connection.execute(INTERNAL.encode(), [names])}
    runs = source.cleaned([run for run in runs if run.batch_run_id not in internal])
    REPORTED.copy(connection, _rows(runs, source))
    made = {name for (name,) in connection.execute(MAKE.encode())}
    ids, fresh = ({key_of("batch_run", name) for name in names} for names in ({run.batch_run_id for run in runs}, made))
    import_traces.before(connection, source.import_id, "batch_run_history", ids, made=fresh)
    rows = connection.execute(LOCK.encode())
    known = {name: KnownFields(dict(zip(FIELDS, values, strict=True)), told) for name, told, *values in rows}
    news, shadowed = 0, import_traces.Shadowed(source.import_id, fresh)
    for run in runs:
        present, version = known[run.batch_run_id], _version(run)
        shadowed.note(key_of("batch_run", run.batch_run_id), present, _fields(run), version)
        told_now = [name for name in run.phase_durations or () if present.told.get(_phase(name), version) <= version]
        has_news = present.learn(_fields(run), version)
        present.values[ORDER] = _order(present, told_now)
        if has_news or run.batch_run_id in made:
            news += 1
            made.discard(run.batch_run_id)
    LEARNED.copy(connection, (_learned(name, each) for name, each in known.items()))
    connection.execute(LEARN.encode())
    import_traces.after(connection, source.import_id, "batch_run_history", ids)
    shadowed.store(connection, "batch_run_history")
    return news


def _rows(runs: list[NewBatchRun], source: RowSource) -> Iterator[tuple[object, ...]]:
    for run in runs:
        id_ = key_of("batch_run", run.batch_run_id)
        yield id_, run.batch_run_id, source.environment, run.started_at, run.status, source.import_id


def _version(run: NewBatchRun) -> Version:
    """Return how new a state is: ended beats running, then the time of the report counts, then how much was done."""
    is_ended = run.completed_at is not None or run.status in ENDED
    at = run.updated_at or run.created_at or run.completed_at or run.started_at
    done = (run.completed_jobs or 0) + (run.failed_jobs or 0)
    return [int(is_ended), *version_of(at), done, len(run.phase_durations or ())]


def _fields(run: NewBatchRun) -> dict[str, Any]:
    given = {name: getattr(run, name) for name in FIELDS if name not in ("attributes", ORDER)}
    return given | {"attributes": run.extra}


def _order(known: KnownFields, told_now: list[str]) -> list[str] | None:
    """Return phases as they stand: those of an earlier report first, those of one report in its order."""
    before = [name for name in known.values[ORDER] or () if name not in told_now]
    return sorted(before + told_now, key=lambda name: known.told[_phase(name)]) or None


def _phase(name: str) -> str:
    return f"phase_durations.{name}"  # as core/database/newest_values.py names a field of an object


def _learned(name: str, known: KnownFields) -> tuple[object, ...]:
    plain = [known.values[field] for field in (*TEXTS, *TIMES, *COUNTS, ORDER)]
    phases, attributes = (known.values[field] for field in OBJECTS)
    return name, *plain, as_jsonb(phases) or "{}", as_jsonb(attributes), as_jsonb(known.told)
