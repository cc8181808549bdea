"""Routes of batch runs: of the product, and separately of Attune's own jobs."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, CursorText, SessionDep
from api.exports import Format, csv_response, rows_after
from api.watch_parameters import PeriodDep, WatchedDep, note_export, watcher
from core.batches.queries import batch_runs, outcomes
from core.batches.queries import phases as batch_phases
from core.batches.views import (
    BatchRunQuery,
    DayOfRuns,
    JobFigures,
    Phase,
    RunDetail,
    RunFailure,
    RunOrder,
    RunSummary,
    RunView,
)
from core.database.db import Session
from core.database.paging import LARGEST_PAGE, CountedItems, SortCursor, SortedPage, Window
from core.identity.schemas import Actor

COLUMNS = tuple(name for name in RunView.model_fields if name != "truncated")
JOB_COLUMNS = ("batch_job", *(name for name in JobFigures.model_fields if name != "batch_job"))
FAILURE_COLUMNS = tuple(RunFailure.model_fields)
NOT_IN_CSV = frozenset({"batch_job", "phase", "trend", "previous"})
PHASE_FIGURES = tuple(name for name in Phase.model_fields if name not in NOT_IN_CSV)
BEFORE = {name: f"previous_{name}" for name in PHASE_FIGURES}
PHASE_COLUMNS = ("batch_job", "phase", *PHASE_FIGURES, *BEFORE.values())
MOST_FAILURES = 1000

router = APIRouter(
    prefix="/admin/batch", tags=["Watch: batch runs"], dependencies=[Depends(watcher)]
)


class RunList(SortedPage[RunView]):
    """Batch runs with the outcomes of all that match."""

    summary: RunSummary
    series: list[DayOfRuns]
    jobs: list[JobFigures]


async def query(
    period: PeriodDep,
    watched: WatchedDep,
    job: Annotated[str | None, Query(max_length=200)] = None,
    status: Annotated[str | None, Query(max_length=200)] = None,
    internal: Annotated[
        bool, Query(description="Runs of Attune's own jobs instead of the product's.")
    ] = False,
) -> BatchRunQuery:
    """Return the requested filters.

    Runs have no release and no user: filters by these match none.
    """
    return BatchRunQuery(period, watched, job or None, status or None, internal)


async def window(
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Window:
    """Return the requested part of the history."""
    return Window(limit, offset)


QueryDep = Annotated[BatchRunQuery, Depends(query)]


@router.get("/history", response_model=RunList)
def history(
    session: SessionDep,
    actor: ActorDep,
    query: QueryDep,
    window: Annotated[Window, Depends(window)],
    sort: RunOrder = RunOrder.LATEST_FIRST,
    cursor: CursorText = None,
    format: Format = "json",
) -> RunList | StreamingResponse:
    """List runs with their outcomes; as CSV, all that match, latest start first."""
    if format == "csv":
        note_export(session, "batch_runs", query, actor)
        return csv_response("batch-runs", COLUMNS, _all_runs(query, actor))
    after = batch_runs.sort_of(sort).read_cursor(cursor) if cursor else None
    page = batch_runs.sort_runs(session, query, sort, window=window, after=after, actor=actor)
    summary = outcomes.summary(session, query, actor=actor)
    return RunList(
        items=page.items,
        next_cursor=page.next_cursor,
        total_count=summary.runs,
        limit=window.limit,
        offset=window.offset,
        summary=summary,
        series=outcomes.by_day(session, query, actor=actor),
        jobs=outcomes.by_job(session, query, actor=actor),
    )


@router.get("/history/{run_id:path}")
def run(run_id: str, session: SessionDep, actor: ActorDep) -> RunDetail:
    """Return a run, by Attune's ID or the sender's."""
    return batch_runs.get_run(session, run_id, actor=actor)


@router.get("/phases", response_model=CountedItems[Phase])
def phases(
    session: SessionDep, actor: ActorDep, query: QueryDep, format: Format = "json"
) -> CountedItems[Phase] | StreamingResponse:
    """Return the durations of phases of each job, over time and compared: of at most a thousand
    phases, those that most runs have.
    """
    items = batch_phases.phases(session, query, actor=actor)
    if format == "csv":
        note_export(session, "batch_phases", query, actor)
        return csv_response("batch-phases", PHASE_COLUMNS, map(_phase, items))
    return CountedItems(items=items, total_count=len(items))


@router.get("/jobs", response_model=CountedItems[JobFigures])
def jobs(
    session: SessionDep, actor: ActorDep, query: QueryDep, format: Format = "json"
) -> CountedItems[JobFigures] | StreamingResponse:
    """Return the outcomes and durations of each batch job."""
    items = outcomes.by_job(session, query, actor=actor)
    if format == "csv":
        note_export(session, "batch_jobs", query, actor)
        return csv_response("batch-jobs", JOB_COLUMNS, items)
    return CountedItems(items=items, total_count=len(items))


@router.get("/failures", response_model=CountedItems[RunFailure])
def failures(
    session: SessionDep, actor: ActorDep, query: QueryDep, format: Format = "json"
) -> CountedItems[RunFailure] | StreamingResponse:
    """Return failed runs by batch job and error, latest first, at most a thousand."""
    items = batch_runs.failures(session, query, limit=MOST_FAILURES, actor=actor)
    if format == "csv":
        note_export(session, "batch_failures", query, actor)
        return csv_response("batch-failures", FAILURE_COLUMNS, items)
    return CountedItems(items=items, total_count=len(items))


def _phase(phase: Phase) -> dict[str, object]:
    before = phase.previous.model_dump()
    return phase.model_dump() | {BEFORE[name]: before[name] for name in PHASE_FIGURES}


def _all_runs(query: BatchRunQuery, actor: Actor) -> Iterator[RunView]:
    def read(
        session: Session, limit: int, after: SortCursor | None, *, whole: bool = False
    ) -> list[RunView]:
        return batch_runs.list_runs(
            session, query, window=Window(limit), after=after, whole=whole, actor=actor
        )

    return rows_after(read, lambda row: (row.started_at, row.id), partial(read, whole=True))
