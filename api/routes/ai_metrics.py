"""AI requests of the product: volume, latency, cost and errors."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.deps import ActorDep, SessionDep, WindowDep
from api.exports import cells, csv_response, rows_by_cursor
from api.watch import PeriodDep, WatchedDep, note_export, watcher
from core.ai_metrics.answers import (
    AiMetricsQuery,
    AiMetricsSummary,
    Errors,
    Interval,
    Latency,
    ModelFigures,
    Tokens,
    Tools,
)
from core.ai_metrics.queries import breakdowns, figures, request_lists, series, tiles
from core.ai_metrics.queries import tools as tool_calls
from core.ai_metrics.requests import RequestDetail, RequestOrder, RequestView
from core.ai_metrics.schemas import RequestStatus
from core.database.db import Session
from core.database.paging import Cursor
from core.identity.schemas import Actor
from core.presentation.comparison import Tiles

MODEL_COLUMNS = tuple(ModelFigures.model_fields)
REQUEST_COLUMNS = tuple(name for name in RequestView.model_fields if name != "truncated")

router = APIRouter(prefix="/admin/ai", tags=["Watch: AI requests"], dependencies=[Depends(watcher)])

Format = Literal["json", "csv"]


class ModelMetricsList(BaseModel):
    """Models with their figures, the one that was asked most first."""

    items: list[ModelFigures]
    total_count: int
    limit: int
    offset: int


class RequestList(BaseModel):
    """A page of AI requests; `next_cursor` leads on."""

    items: list[RequestView]
    total_count: int
    limit: int
    offset: int
    next_cursor: str | None


async def asked(
    period: PeriodDep,
    watched: WatchedDep,
    provider: Annotated[str | None, Query(max_length=200)] = None,
    model: Annotated[str | None, Query(max_length=200)] = None,
    status: RequestStatus | Literal[""] | None = None,
    conversation: Annotated[str | None, Query(max_length=128, description="Ours, or the sender's own.")] = None,
    error_type: Annotated[str | None, Query(max_length=500)] = None,
    tool: Annotated[str | None, Query(max_length=200)] = None,
) -> AiMetricsQuery:
    """Return which requests are asked for; an empty filter is none."""
    given = RequestStatus(status) if status else None
    more = (conversation or None, error_type or None, tool or None)
    return AiMetricsQuery(period, watched, provider or None, model or None, given, *more)


AskedDep = Annotated[AiMetricsQuery, Depends(asked)]


@router.get("/metrics")
def metrics(session: SessionDep, actor: ActorDep, asked: AskedDep) -> AiMetricsSummary:
    """Sum up a period and the one before: requests, latency, tokens, cost, errors."""
    return figures.summary(session, asked, actor=actor)


@router.get("/tiles")
def key_figures(session: SessionDep, actor: ActorDep, asked: AskedDep) -> Tiles:
    """Say what the key figures are and were, and whether their change is news: what has not ended is compared with as much."""
    return Tiles(items=tiles.tiles(session, asked, actor=actor))


@router.get("/latency")
def latency(session: SessionDep, actor: ActorDep, asked: AskedDep, interval: Interval | None = None) -> Latency:
    """Say how long requests took, to the end and to the first token: percentiles, over time, and a histogram."""
    return series.latency(session, asked, interval, actor=actor)


@router.get("/tokens")
def tokens(session: SessionDep, actor: ActorDep, asked: AskedDep, interval: Interval | None = None) -> Tokens:
    """Say what requests took and cost, over time and by model."""
    return series.tokens(session, asked, interval, actor=actor)


@router.get("/errors")
def errors(session: SessionDep, actor: ActorDep, asked: AskedDep, interval: Interval | None = None) -> Errors:
    """Say what failed, over time, by model and by type."""
    return breakdowns.errors(session, asked, interval, actor=actor)


@router.get("/tools")
def tools(session: SessionDep, actor: ActorDep, asked: AskedDep) -> Tools:
    """Say which tools were called within requests, how often, how long, and how many calls failed."""
    return tool_calls.tools(session, asked, actor=actor)


@router.get("/models", response_model=ModelMetricsList)
def models(
    session: SessionDep, actor: ActorDep, asked: AskedDep, window: WindowDep, format: Format = "json"
) -> ModelMetricsList | StreamingResponse:
    """List the models that were asked, side by side."""
    found = figures.models(session, asked, actor=actor)
    if format == "csv":
        note_export(session, "models", asked, actor)
        return csv_response("models", MODEL_COLUMNS, [cells(each, MODEL_COLUMNS) for each in found])
    page = found[window.offset : window.offset + window.limit]
    return ModelMetricsList(items=page, total_count=len(found), limit=window.limit, offset=window.offset)


@router.get("/requests", response_model=RequestList)
def requests(
    session: SessionDep,
    actor: ActorDep,
    asked: AskedDep,
    window: WindowDep,
    cursor: Annotated[str | None, Query(max_length=80)] = None,
    order: Annotated[RequestOrder, Query(description="Slowest or most expensive first (no cursor).")] = RequestOrder.NEWEST,
    format: Format = "json",
) -> RequestList | StreamingResponse:
    """List requests, the newest first unless another order is wanted; as CSV, every one that matches, the newest first."""
    if format == "csv":
        note_export(session, "ai_requests", asked, actor)
        return csv_response("ai-requests", REQUEST_COLUMNS, _request_cells(asked, actor))
    after = Cursor.read(cursor) if cursor else None
    if order is RequestOrder.NEWEST:
        items = request_lists.list_requests(session, asked, limit=window.limit, offset=window.offset, after=after, actor=actor)
    else:
        items = request_lists.list_first(session, asked, order, window, actor=actor)
    is_more = order is RequestOrder.NEWEST and len(items) == window.limit
    following = str(Cursor(items[-1].created_at, items[-1].id)) if is_more else None
    total = request_lists.count_requests(session, asked, actor=actor)
    return RequestList(items=items, total_count=total, limit=window.limit, offset=window.offset, next_cursor=following)


@router.get("/requests/{request_id}")
def request(request_id: str, session: SessionDep, actor: ActorDep) -> RequestDetail:
    """Return one request with its steps, by our id or the sender's."""
    return request_lists.get_request(session, request_id, actor=actor)


def _request_cells(asked: AiMetricsQuery, actor: Actor) -> Iterator[list[object]]:
    def read(session: Session, limit: int, after: Cursor | None, *, whole: bool = False) -> list[RequestView]:
        return request_lists.list_requests(session, asked, limit=limit, after=after, whole=whole, actor=actor)

    return (cells(each, REQUEST_COLUMNS) for each in rows_by_cursor(read, partial(read, whole=True)))
