"""Routes of usage: what model calls used and cost, and what they would cost."""

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, SessionDep, WindowDep, query_slot
from api.exports import Format, csv_response
from api.watch_parameters import PeriodDep, note_list
from core.insights.queries.usage import usage as queries
from core.insights.usage import UsageDimension, UsageList, UsageRow
from core.prompts.cost_estimates import CostEstimateRequest, MonthlyCostEstimate
from core.prompts.queries import cost_estimates

router = APIRouter(
    prefix="/analytics",
    tags=["Usage"],
    dependencies=[Depends(query_slot, scope="function")],
)

COLUMNS = ("id", "name", *(name for name in UsageRow.model_fields if name not in ("id", "name")))


@router.get("/usage", response_model=UsageList)
def usage(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    window: WindowDep,
    group_by: UsageDimension = UsageDimension.MODEL,
    format: Format = "json",
) -> UsageList | StreamingResponse:
    """Return calls, tokens, cost and time of a period by one dimension, and by day: of your own
    calls, for admins of all. The CSV has all rows.
    """
    report = queries.usage(session, period, group_by, actor=actor)
    if format == "csv":
        note_list(session, "usage", actor, None, period, group_by=group_by)
        return csv_response("usage", COLUMNS, report.rows)
    return report.page(window)


@router.post("/cost-estimation")
def cost_estimation(
    request: CostEstimateRequest, session: SessionDep, actor: ActorDep
) -> MonthlyCostEstimate:
    """Estimate what a number of calls a day of a prompt or a text would cost with each model."""
    return cost_estimates.estimate_costs(session, request, actor=actor)
