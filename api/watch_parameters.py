"""Query parameters that every Watch route takes: a period, and filters."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import AwareDatetime
from starlette.concurrency import run_in_threadpool

from api.deps import ActorDep
from core.ai_metrics.requests import LatencyRange
from core.ai_metrics.schemas import RequestStatus
from core.ai_metrics.views import AiMetricsQuery
from core.batches.views import BatchRunQuery
from core.database.db import Session
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.presentation.periods import MOST_DAYS, Period, Watched, read_edges, read_range
from core.system import workspace

Edge = AwareDatetime | date
Edges = tuple[datetime | None, datetime | None]
Question = AiMetricsQuery | BatchRunQuery
Start = Annotated[
    Edge | None, Query(description="The start: a time, or a day of the reporting time zone.")
]
End = Annotated[Edge | None, Query(description="The end (exclusive): a time, or a day.")]
Days = Annotated[
    int | None,
    Query(
        ge=1,
        le=MOST_DAYS,
        description="Calendar days including today; the default for figures is 30.",
    ),
]


async def period(start: Start = None, end: End = None, days: Days = None) -> Period:
    """Return the requested period in days of the reporting time zone."""
    return read_range(start, end, days, zone=await run_in_threadpool(workspace.zone))


async def edges(start: Start = None, end: End = None, days: Days = None) -> Edges:
    """Return the requested start and end in the reporting time zone; both None for all time."""
    return read_edges(start, end, days, zone=await run_in_threadpool(workspace.zone))


async def watched(
    environment: Annotated[str, Query(min_length=1, max_length=200)] = "production",
    app: Annotated[str | None, Query(max_length=500)] = None,
    release: Annotated[str | None, Query(max_length=500)] = None,
    user_id: Annotated[
        str | None, Query(max_length=128, description="Attune's ID, or the sender's.")
    ] = None,
) -> Watched:
    """Return the filters; an empty one does not apply."""
    return Watched(environment, app or None, release or None, user_id or None)


PromptVersion = Annotated[
    str | None, Query(max_length=260, description="`name@version`, or `name@label`.")
]
ExperimentArm = Annotated[str | None, Query(max_length=260, description="`key:arm`.")]
EdgesDep = Annotated[Edges, Depends(edges)]
PeriodDep = Annotated[Period, Depends(period)]
WatchedDep = Annotated[Watched, Depends(watched)]


async def latency_range(
    latency: Annotated[
        str | None,
        Query(
            pattern=r"^(\d{1,9}-\d{1,9})?$",
            description="Milliseconds, as a bar of the histogram: `1000-1200`; newest first.",
        ),
    ] = None,
) -> LatencyRange | None:
    """Return the requested range of latencies; an empty one does not apply."""
    return LatencyRange.read(latency)


LatencyDep = Annotated[LatencyRange | None, Depends(latency_range)]


async def watcher(actor: ActorDep) -> None:
    """Raise Forbidden without the permission for Watch figures; core checks it again."""
    require(actor, Permission.WATCH)


async def ai_metrics_query(
    period: PeriodDep,
    watched: WatchedDep,
    provider: Annotated[str | None, Query(max_length=200)] = None,
    model: Annotated[str | None, Query(max_length=200)] = None,
    status: RequestStatus | Literal[""] | None = None,
    conversation: Annotated[
        str | None, Query(max_length=128, description="Ours, or the sender's own.")
    ] = None,
    error_type: Annotated[str | None, Query(max_length=500)] = None,
    tool: Annotated[str | None, Query(max_length=200)] = None,
    prompt_version: PromptVersion = None,
    experiment_arm: ExperimentArm = None,
) -> AiMetricsQuery:
    """Return the requested filters; an empty one does not apply."""
    request_status = RequestStatus(status) if status else None
    others = (conversation, error_type, tool, prompt_version, experiment_arm)
    return AiMetricsQuery(
        period,
        watched,
        provider or None,
        model or None,
        request_status,
        *(each or None for each in others),
    )


AiMetricsQueryDep = Annotated[AiMetricsQuery, Depends(ai_metrics_query)]


def note_export(session: Session, what: str, query: Question, actor: Actor) -> None:
    """Record in the audit log that a list was exported, with its filters."""
    filters = {
        name: value for name, value in asdict(query).items() if name not in ("watched", "period")
    }
    note_list(session, what, actor, query.watched, query.period, **filters)


def note_list(
    session: Session,
    what: str,
    actor: Actor,
    watched: Watched | None,
    period: Period | None = None,
    **more_filters: object,
) -> None:
    """Record in the audit log that a list was exported, with its period and filters."""
    span = {"start": period.start, "end": period.end} if period is not None else {}
    watch_filters = watched.parameters if watched is not None else {}
    filters = {
        name: value
        for name, value in (watch_filters | more_filters).items()
        if value is not None and value is not False
    }
    # A GET's session commits each statement: the row is stored before the first line is sent
    audit.record(session, f"{what}.export", actor, targets={**span, **filters})
