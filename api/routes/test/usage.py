"""Routes of usage: what model calls used and cost."""

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, SessionDep, WindowDep
from api.exports import csv_response
from api.watch_parameters import PeriodDep, note_list
from core.insights.queries import usage as queries
from core.insights.usage import UsageDimension, UsageList, UsageRow

router = APIRouter(prefix="/analytics", tags=["Usage"])

COLUMNS = ("id", "name", *(name for name in UsageRow.model_fields if name not in ("id", "name")))


@router.get("/usage", response_model=UsageList)
def usage(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    window: WindowDep,
    group_by: UsageDimension = UsageDimension.MODEL,
    format: Literal["json", "csv"] = "json",
) -> UsageList | StreamingResponse:
    """Return calls, tokens, cost and time of a period by one dimension, and by day: of your own
    calls, for admins of all. The CSV has all rows.
    """
    report = queries.usage(session, period, group_by, actor=actor)
    if format == "csv":
        note_list(session, "usage", actor, None, period, group_by=group_by)
        return csv_response("usage", COLUMNS, report.rows)
    return report.page(window)
