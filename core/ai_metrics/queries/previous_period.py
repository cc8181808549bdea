"""The previous period by the same intervals, for the gray lines of charts."""

from sqlalchemy.orm import Session

from core.ai_metrics.breakdown_views import PreviousSeries
from core.ai_metrics.queries.rollup_coverage import is_all_there
from core.ai_metrics.queries.rollup_sources import read_sums_and_total
from core.ai_metrics.queries.series import measured_series, volume_and_times
from core.ai_metrics.views import AiMetricsQuery, Interval
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor


def previous_series(
    session: Session, query: AiMetricsQuery, step: Interval, *, actor: Actor
) -> PreviousSeries:
    """Return the previous period by interval, as far as this one has elapsed."""
    require(actor, Permission.WATCH)
    before = query.previous
    nothing = PreviousSeries(requests=[], tokens=[], cost=[], error_rate=[], p95=[])
    # What retention has partly removed is not compared (docs/decisions/0018)
    if not is_all_there(session, before):
        return nothing
    rows, whole = read_sums_and_total(session, before, volume_and_times, step)
    if not any(row["requests"] for row in rows):
        return nothing
    found = measured_series(rows, whole)
    volume = found.volume_series(before.period, step)
    latency = found.latency_series(before.period, step).latency
    return PreviousSeries(
        requests=[each.total_requests for each in volume],
        tokens=[each.total_tokens for each in volume],
        cost=[float(each.cost_usd) for each in volume],
        error_rate=[each.error_rate for each in volume],
        p95=[each.p95 for each in latency],
    )
