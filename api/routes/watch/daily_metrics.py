"""The route of daily figures, as the daily job has written them."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, CursorText, SessionDep, WindowDep
from api.exports import Format, csv_response, rows_after
from api.watch_parameters import PeriodDep, note_list, watcher
from core.database.db import Session
from core.database.paging import SortedPage, Window
from core.identity.schemas import Actor
from core.insights.queries import daily_metrics
from core.insights.queries.daily_metrics import (
    DailyMetricCursor,
    DailyMetricFilter,
    DailyMetricRow,
)

COLUMNS = tuple(DailyMetricRow.model_fields)
MOST_TYPES = 50

router = APIRouter(prefix="/admin", tags=["Watch: daily figures"], dependencies=[Depends(watcher)])


async def query(
    period: PeriodDep,
    environment: Annotated[str, Query(min_length=1, max_length=200)] = "production",
    metric_type: Annotated[
        list[Annotated[str, Query(max_length=200)]],
        Query(max_length=MOST_TYPES, description="Such as `requests`; repeat for several."),
    ] = [],  # noqa: B006  FastAPI copies it
) -> DailyMetricFilter:
    """Return the requested filters; empty types do not apply."""
    return DailyMetricFilter(period, environment, tuple(filter(None, metric_type)))


QueryDep = Annotated[DailyMetricFilter, Depends(query)]


@router.get("/daily-metrics", response_model=SortedPage[DailyMetricRow])
def list_daily_metrics(
    session: SessionDep,
    actor: ActorDep,
    query: QueryDep,
    window: WindowDep,
    cursor: CursorText = None,
    format: Format = "json",
) -> SortedPage[DailyMetricRow] | StreamingResponse:
    """List the figures of ended days, oldest first, each with its dimensions; as CSV, all that
    match.

    They are kept for ever, also when the rows that they were counted from are deleted.
    """
    if format == "csv":
        types = {"metric_type": list(query.metric_types) or None}
        more = {"environment": query.environment, **types}
        note_list(session, "daily_metrics", actor, None, query.period, **more)
        return csv_response("daily-metrics", COLUMNS, _all(query, actor))
    after = DailyMetricCursor.read(cursor) if cursor else None
    return daily_metrics.list_daily_metrics(session, query, window=window, after=after, actor=actor)


def _all(query: DailyMetricFilter, actor: Actor) -> Iterator[DailyMetricRow]:
    def read(session: Session, limit: int, after: DailyMetricCursor | None) -> list[DailyMetricRow]:
        return daily_metrics.read_daily_metrics(
            session, query, window=Window(limit), after=after, actor=actor
        )

    return rows_after(read, DailyMetricCursor.of)
