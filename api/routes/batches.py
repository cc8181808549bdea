"""Batch runs of the product, and separately those of Attune's own jobs."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.deps import ActorDep, SessionDep
from api.exports import cells, csv_response, rows_after
from api.watch import PeriodDep, WatchedDep, note_export, watcher
from core.batches import phases as batch_phases
from core.batches import queries
from core.batches.answers import AskedRuns, DayOfRuns, JobFigures, Phase, RunDetail, RunSummary, RunView
from core.database.db import Session
from core.database.paging import LARGEST_PAGE, Cursor, Window
from core.identity.schemas import Actor

COLUMNS = tuple(name for name in RunView.model_fields if name != "truncated")

router = APIRouter(prefix="/admin/batch", tags=["Watch: batch runs"], dependencies=[Depends(watcher)])


class RunList(BaseModel):
    """Batch runs, the one that started last first, with how all that match have ended: together, by day and by batch job."""

    items: list[RunView]
    total_count: int
    limit: int
    offset: int
    summary: RunSummary
    series: list[DayOfRuns]
    jobs: list[JobFigures]


class PhaseList(BaseModel):
    """The phases of each batch job."""

    items: list[Phase]
    total_count: int


async def asked(
    period: PeriodDep,
    watched: WatchedDep,
    job: Annotated[str | None, Query(max_length=200)] = None,
    status: Annotated[str | None, Query(max_length=200)] = None,
    internal: Annotated[bool, Query(description="The runs of Attune's own jobs, in place of the product's.")] = False,
) -> AskedRuns:
    """Return which runs are asked for. They have no release and no user: filters by these find none."""
    return AskedRuns(period, watched, job or None, status or None, internal)


async def window(
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100, offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0
) -> Window:
    """Return the part of the history that is asked for."""
    return Window(limit, offset)


AskedDep = Annotated[AskedRuns, Depends(asked)]


@router.get("/history", response_model=RunList)
def history(
    session: SessionDep,
    actor: ActorDep,
    asked: AskedDep,
    window: Annotated[Window, Depends(window)],
    format: Literal["json", "csv"] = "json",
) -> RunList | StreamingResponse:
    """List runs, and say how they ended; as CSV, every one that matches."""
    if format == "csv":
        note_export(session, "batch_runs", asked, actor)
        return csv_response("batch-runs", COLUMNS, _run_cells(asked, actor))
    summary = queries.summary(session, asked, actor=actor)
    return RunList(
        items=queries.list_runs(session, asked, window=window, actor=actor),
        total_count=summary.runs,
        limit=window.limit,
        offset=window.offset,
        summary=summary,
        series=queries.by_day(session, asked, actor=actor),
        jobs=queries.by_job(session, asked, actor=actor),
    )


@router.get("/history/{run_id}")
def run(run_id: str, session: SessionDep, actor: ActorDep) -> RunDetail:
    """Return one run, by our id or the sender's."""
    return queries.get_run(session, run_id, actor=actor)


@router.get("/phases")
def phases(session: SessionDep, actor: ActorDep, asked: AskedDep) -> PhaseList:
    """Say how long each phase of each batch job takes, over time and against the period before."""
    items = batch_phases.phases(session, asked, actor=actor)
    return PhaseList(items=items, total_count=len(items))


def _run_cells(asked: AskedRuns, actor: Actor) -> Iterator[list[object]]:
    def read(session: Session, limit: int, after: Cursor | None, *, whole: bool = False) -> list[RunView]:
        return queries.list_runs(session, asked, window=Window(limit), after=after, whole=whole, actor=actor)

    rows = rows_after(read, lambda each: Cursor(each.started_at, each.id), partial(read, whole=True))
    return (cells(each, COLUMNS) for each in rows)
