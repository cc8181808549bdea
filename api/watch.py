"""Query parameters that every Watch route takes: a period, and whose rows count."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AwareDatetime
from starlette.concurrency import run_in_threadpool

from api.deps import ActorDep
from core.ai_metrics.answers import AiMetricsQuery
from core.batches.answers import AskedRuns
from core.database.db import Session
from core.identity import audit
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation.periods import MOST_DAYS, Period, Watched, read_edges, read_range
from core.system import workspace

Edge = AwareDatetime | date
Edges = tuple[datetime | None, datetime | None]
Question = AiMetricsQuery | AskedRuns
Start = Annotated[Edge | None, Query(description="The first moment, or a day of the reporting time zone.")]
End = Annotated[Edge | None, Query(description="The moment, or the day, just after the last.")]
Days = Annotated[
    int | None, Query(ge=1, le=MOST_DAYS, description="Calendar days, today included; figures are of 30 if nothing is said.")
]


async def period(start: Start = None, end: End = None, days: Days = None) -> Period:
    """Return the range that is asked for, in days of the reporting time zone."""
    return read_range(start, end, days, zone=await run_in_threadpool(workspace.zone))


async def edges(start: Start = None, end: End = None, days: Days = None) -> Edges:
    """Return the range that is asked for, in days of the reporting time zone; without one, it is of all time."""
    return read_edges(start, end, days, zone=await run_in_threadpool(workspace.zone))


async def watched(
    environment: Annotated[str, Query(min_length=1, max_length=200)] = "production",
    app: Annotated[str | None, Query(max_length=500)] = None,
    release: Annotated[str | None, Query(max_length=500)] = None,
    user_id: Annotated[str | None, Query(max_length=128, description="Ours, or the sender's own.")] = None,
) -> Watched:
    """Return whose rows count; an empty filter is none."""
    return Watched(environment, app or None, release or None, user_id or None)


async def watcher(actor: ActorDep) -> None:
    """Refuse at the door whom figures are not for; the readers in core ask again."""
    require(actor, Permission.WATCH)


def note_export(session: Session, what: str, asked: Question, actor: Actor) -> None:
    """Write down that somebody takes a list away, and by what it was filtered."""
    others = {name: value for name, value in asdict(asked).items() if name not in ("watched", "period")}
    note_list(session, what, actor, asked.watched, asked.period, **others)


def note_list(
    session: Session,
    what: str,
    actor: Actor,
    watched: Watched | None,
    period: Period | None = None,
    **wanted: object,
) -> None:
    """Write down that somebody takes a list away, of which rows, of when (where that was asked), and by what it was filtered."""
    span = {"start": period.start, "end": period.end} if period is not None else {}
    whose = asdict(watched) if watched is not None else {}
    filters = {name: value for name, value in (whose | wanted).items() if value is not None and value is not False}
    audit.record(session, f"{what}.export", actor, targets={**span, **filters})


EdgesDep = Annotated[Edges, Depends(edges)]
PeriodDep = Annotated[Period, Depends(period)]
WatchedDep = Annotated[Watched, Depends(watched)]
