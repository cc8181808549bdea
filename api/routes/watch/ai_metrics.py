"""Routes of the product's AI requests: volume, latency, cost and errors."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, AiSessionDep, SessionDep, WindowDep
from api.exports import Format, csv_response, rows_by_cursor
from api.routes.watch.ai_metrics_csv import (
    ERROR_COLUMNS,
    LATENCY_COLUMNS,
    MODEL_COLUMNS,
    REQUEST_COLUMNS,
    TOKEN_COLUMNS,
    TOOL_COLUMNS,
    VERSION_COLUMNS,
    latency_rows,
    with_bounds,
)
from api.watch_parameters import AiMetricsQueryDep, LatencyDep, note_export, watcher
from core.ai_metrics.breakdown_views import Breakdown, BreakdownDimension, BreakdownMeasure
from core.ai_metrics.queries import breakdown as broken_down
from core.ai_metrics.queries import figures, kpis, series
from core.ai_metrics.queries import tools as tool_calls
from core.ai_metrics.queries.requests import request_errors, request_lists
from core.ai_metrics.requests import LatencyRange, RequestOrder, RequestView
from core.ai_metrics.views import (
    AiMetricsQuery,
    AiMetricsSummary,
    Errors,
    Interval,
    Latency,
    ModelFigures,
    Tokens,
    Tools,
)
from core.database.db import Session
from core.database.paging import Cursor, Page
from core.identity.schemas import Actor
from core.insights.prompt_figures import PromptVersionFigures
from core.insights.queries import prompt_versions as versions
from core.insights.queries.releases.release_comparison import compare_releases
from core.insights.release_figures import ReleaseComparison
from core.presentation.comparison import Kpis
from core.scores.queries import scored_requests
from core.scores.queries.scored_requests import ScoredRequest

router = APIRouter(prefix="/admin/ai", tags=["Watch: AI requests"], dependencies=[Depends(watcher)])


class RequestList(Page[RequestView]):
    """AI requests; pass `next_cursor` as `cursor` for the next ones."""

    next_cursor: str | None


@router.get("/metrics")
def metrics(session: SessionDep, actor: ActorDep, query: AiMetricsQueryDep) -> AiMetricsSummary:
    """Return requests, latency, tokens, cost and errors of a period and the previous one."""
    return figures.summary(session, query, actor=actor)


@router.get("/tiles")
def key_figures(session: SessionDep, actor: ActorDep, query: AiMetricsQueryDep) -> Kpis:
    """Return the KPIs of a period, each compared with as much of the previous period."""
    return Kpis(items=kpis.ai_request_kpis(session, query, actor=actor))


@router.get("/breakdown")
def breakdown(
    session: SessionDep,
    actor: ActorDep,
    query: AiMetricsQueryDep,
    dimension: BreakdownDimension = BreakdownDimension.MODEL,
    measure: BreakdownMeasure = BreakdownMeasure.COST,
    interval: Interval | None = None,
) -> Breakdown:
    """Return a measure by the values of a dimension over time: the five largest and all others,
    each beside the previous period.
    """
    return broken_down.break_down(session, query, dimension, measure, interval, actor=actor)


@router.get("/release-comparison")
def release_comparison(
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    query: AiMetricsQueryDep,
    earlier: Annotated[str, Query(max_length=200)] = "",
    later: Annotated[str, Query(max_length=200)] = "",
) -> ReleaseComparison | None:
    """Return errors, latency, cost, tokens and quality of two releases of a period, by default its
    latest and the one before; null if it has no two. `before` is the figure of `earlier`.
    """
    return compare_releases(session, ai, query, earlier, later, actor=actor)


@router.get("/latency", response_model=Latency)
def latency(
    session: SessionDep,
    actor: ActorDep,
    query: AiMetricsQueryDep,
    interval: Interval | None = None,
    format: Format = "json",
) -> Latency | StreamingResponse:
    """Return latencies in ms, total and to the first token, over time and as a histogram; as CSV, a
    row for each interval.
    """
    found = series.latency(session, query, interval, actor=actor)
    if format == "csv":
        note_export(session, "ai_latency", query, actor)
        return csv_response("ai-latency", LATENCY_COLUMNS, latency_rows(found))
    return found


@router.get("/tokens", response_model=Tokens)
def tokens(
    session: SessionDep,
    actor: ActorDep,
    query: AiMetricsQueryDep,
    interval: Interval | None = None,
    format: Format = "json",
) -> Tokens | StreamingResponse:
    """Return tokens and cost, over time and by model; as CSV, a row for each interval."""
    found = series.tokens(session, query, interval, actor=actor)
    if format == "csv":
        note_export(session, "ai_tokens", query, actor)
        return csv_response("ai-tokens", TOKEN_COLUMNS, found.series)
    return found


@router.get("/errors", response_model=Errors)
def errors(
    session: SessionDep,
    actor: ActorDep,
    query: AiMetricsQueryDep,
    interval: Interval | None = None,
    format: Format = "json",
) -> Errors | StreamingResponse:
    """Return errors over time, by model and by type, with three requests of each type; as CSV, a
    row for each type.
    """
    found = request_errors.errors(session, query, interval, actor=actor)
    if format == "csv":
        note_export(session, "ai_errors", query, actor)
        return csv_response("ai-errors", ERROR_COLUMNS, found.types)
    return found


@router.get("/tools", response_model=Tools)
def tools(
    session: SessionDep, actor: ActorDep, query: AiMetricsQueryDep, format: Format = "json"
) -> Tools | StreamingResponse:
    """Return tool calls within requests: count, duration and failures by tool."""
    found = tool_calls.tools(session, query, actor=actor)
    if format == "csv":
        note_export(session, "ai_tools", query, actor)
        return csv_response("ai-tools", TOOL_COLUMNS, found.tools)
    return found


@router.get("/models", response_model=Page[ModelFigures])
def models(
    session: SessionDep,
    actor: ActorDep,
    query: AiMetricsQueryDep,
    window: WindowDep,
    format: Format = "json",
) -> Page[ModelFigures] | StreamingResponse:
    """List models with their figures."""
    figures_by_model = figures.models(session, query, actor=actor)
    if format == "csv":
        note_export(session, "models", query, actor)
        return csv_response("models", MODEL_COLUMNS, figures_by_model)
    return window.page_of(figures_by_model)


@router.get("/prompt-versions", response_model=Page[PromptVersionFigures])
def prompt_versions(
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    query: AiMetricsQueryDep,
    window: WindowDep,
    format: Format = "json",
) -> Page[PromptVersionFigures] | StreamingResponse:
    """List prompt versions with their figures, each with a 95% interval, most requests first.

    The CSV has an estimate's bounds and cases beside its value: `error_rate`, `error_rate_low`.
    """
    found = versions.prompt_versions(session, ai, query, actor=actor)
    if format == "csv":
        note_export(session, "prompt_versions", query, actor)
        return csv_response("prompt-versions", VERSION_COLUMNS, map(with_bounds, found))
    return window.page_of(found)


@router.get("/requests", response_model=RequestList)
def requests(
    session: SessionDep,
    actor: ActorDep,
    query: AiMetricsQueryDep,
    window: WindowDep,
    latency: LatencyDep,
    cursor: Annotated[str | None, Query(max_length=80)] = None,
    order: Annotated[
        RequestOrder, Query(description="Slowest or most expensive (no cursor); failed tool calls.")
    ] = RequestOrder.NEWEST,
    format: Format = "json",
) -> RequestList | StreamingResponse:
    """List requests, newest first unless `order` says otherwise; the CSV has all."""
    if format == "csv":
        note_export(session, "ai_requests", query, actor)
        rows = _all_requests(query, latency, order, actor)
        return csv_response("ai-requests", REQUEST_COLUMNS, rows)
    after = Cursor.read(cursor) if cursor else None
    # The other orders have no cursor: they are read by offset
    by_time = (RequestOrder.NEWEST, RequestOrder.FAILED_TOOL_CALLS)
    is_newest = order in by_time or latency is not None
    items = request_lists.list_first(session, query, order, window, latency, after, actor=actor)
    has_next = is_newest and len(items) == window.limit
    next_cursor = str(Cursor(items[-1].created_at, items[-1].id)) if has_next else None
    # By the order, too: a list by cost leaves out requests without a price
    total = request_lists.count_requests(session, query, latency, order, actor=actor)
    return RequestList(
        items=items,
        total_count=total,
        limit=window.limit,
        offset=window.offset,
        next_cursor=next_cursor,
    )


@router.get("/requests/{request_id:path}")
def request(request_id: str, session: SessionDep, actor: ActorDep) -> ScoredRequest:
    """Return a request with its steps and scores, by Attune's ID or the sender's."""
    return scored_requests.get_request(session, request_id, actor=actor)


def _all_requests(
    query: AiMetricsQuery, latency: LatencyRange | None, order: RequestOrder, actor: Actor
) -> Iterator[RequestView]:
    def read(
        session: Session, limit: int, after: Cursor | None, *, whole: bool = False
    ) -> list[RequestView]:
        return request_lists.list_requests(
            session,
            query,
            limit=limit,
            after=after,
            latency=latency,
            order=order,
            whole=whole,
            actor=actor,
        )

    return rows_by_cursor(read, partial(read, whole=True))
