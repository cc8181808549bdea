"""Titles and details of findings, each with the page and filters that show its evidence."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from core.activity.queries.funnels.conversion_drops import ConversionDrop
from core.ai_metrics.queries.incidents import Incident, IncidentKind
from core.ai_metrics.queries.series import volume_by_model
from core.ai_metrics.views import AiMetricsQuery, ModelVolume, ToolFigures
from core.batches.queries.failing_jobs import FailingJob
from core.insights.cost_rises import CostRise
from core.insights.schemas import Finding, FindingSeverity, QuotingFinding, WatchScope
from core.presentation import formatting
from core.presentation.comparison import ChangeVerdict, Kpi
from core.presentation.formatting import FigureUnit
from core.presentation.periods import in_address

LEAST_RISE = 0.2  # of cost: a smaller rise needs no action, even when it is significant
LEVEL = 0.01  # of significance, for all KPIs together
FEEDBACK = {"section": "feedback"}
FAILED_TOOL_CALLS = "Failed tool calls"  # the order of requests, as its address has it
Volumes = Callable[[], list[ModelVolume]]


def of_incident(one: Incident, scope: WatchScope) -> Finding:
    zone = scope.period.zone
    when = formatting.stretch(one.start, one.end, zone)
    query = {
        "start": in_address(one.start),
        "end": in_address(one.end),
        "model": one.model,
        # Another provider may serve a model of this name
        "provider": one.provider or formatting.NONE,
        **place_filters(scope),
    }
    if one.trouble is IncidentKind.SLOW:
        title = (
            f"{one.model} slow: p95 {formatting.duration(round(one.value))} (usual "
            f"{formatting.duration(round(one.usual))})"
        )
        said = (
            f"{one.affected} of {formatting.count(one.requests, 'request')} exceeded the usual p95"
        )
        return _finding(
            "latency",
            FindingSeverity.BAD,
            title,
            f"{when} · {said}",
            one.start,
            "ai-metrics",
            query,
        )
    title = (
        f"{one.model} failing: {formatting.share(one.value)} of requests (usual "
        f"{formatting.share(one.usual)})"
    )
    said = f"{one.affected} of {formatting.count(one.requests, 'request')}"
    return _finding(
        "errors",
        FindingSeverity.BAD,
        title,
        f"{when} · {said}",
        one.start,
        "ai-metrics",
        query | {"status": "error"},
    )


def of_failing_job(one: FailingJob, scope: WatchScope) -> Finding:
    phase = f" in {one.phase}" if one.phase else ""
    title = f"{one.batch_job} failing{phase}: {one.bad} of {formatting.count(one.runs, 'run')}"
    row = (
        f"last {one.in_a_row} runs in a row"
        if one.in_a_row > 1
        else f"last {formatting.moment(one.last_at, scope.period.zone)}"
    )
    # All of the job's runs: comparing failed with completed ones shows what differs
    query = {"job": one.batch_job, **span_filters(scope), **place_filters(scope)}
    severity = FindingSeverity.BAD if one.in_a_row > 1 else FindingSeverity.WARN
    found = _finding("batch", severity, title, row, one.last_at, "batch-history", query)
    return QuotingFinding(**found.model_dump(), quote=one.summary) if one.summary else found


def of_drop(one: ConversionDrop, scope: WatchScope) -> Finding:
    since = f" since release {one.release}" if one.release else ""
    title = f"Conversion dropped from {one.label} to {one.next_label}{since}"
    rates = f"{formatting.share(one.rate)} within 1 day, previously {formatting.share(one.before)}"
    some = "sample of " if one.is_sampled else ""
    zone, is_over = scope.period.zone, one.until < scope.period.end
    when = (
        formatting.stretch(one.at, one.until, zone)
        if is_over
        else f"since {formatting.moment(one.at, zone)}"
    )
    detail = f"{when} · {rates} · {some}{formatting.count(one.users, 'user')}"
    # Only the days of the drop: in a longer period it would not be visible
    span = {"start": in_address(one.at), "end": in_address(one.until)}
    app = {"app": one.app} if one.app else {}
    query = {"step": str(one.step), "against": "previous", **app, **span, **place_filters(scope)}
    return _finding("conversion", FindingSeverity.BAD, title, detail, one.at, "onboarding", query)


def of_kpis(
    core: Session,
    kpis: Sequence[Kpi],
    volumes: Volumes,
    known: set[IncidentKind],
    scope: WatchScope,
    looks: int = 1,
) -> Iterator[Finding]:
    """Return the findings of KPIs; the level is divided by how often one looks."""
    is_slow = IncidentKind.SLOW in known
    # Incidents say the same, with their hours
    explained = {
        "p95_latency": is_slow,
        "p95_first_token": is_slow,
        "error_rate": IncidentKind.FAILING in known,
    }
    # Bonferroni: each figure, and each look at it, is one more chance of a false alarm
    level = LEVEL / (len(kpis) * looks)
    for kpi in kpis:
        if (
            not _is_surely_worse(kpi, level)
            or explained.get(kpi.name)
            or kpi.value is None
            or not kpi.before
        ):
            continue
        query = {**span_filters(scope), **place_filters(scope)}
        change = (
            f"{formatting.figure(kpi.value, kpi.unit)}, "
            f"{formatting.figure(kpi.before, kpi.unit)} in "
            "the previous period"
        )
        if kpi.name == "cost":
            if kpi.value / kpi.before - 1 >= LEAST_RISE:
                yield _of_cost(core, volumes(), change, scope)
            continue
        verb = "decreased" if kpi.value < kpi.before else "increased"
        page, more = ("knowledge", FEEDBACK) if kpi.name == "feedback" else ("ai-metrics", {})
        yield _finding(
            kpi.name,
            FindingSeverity.WARN,
            f"{kpi.label} {verb}",
            change,
            scope.period.start,
            page,
            query | more,
        )


def _is_surely_worse(kpi: Kpi, level: float) -> bool:
    return kpi.verdict is ChangeVerdict.WORSE and kpi.chance is not None and kpi.chance <= level


def of_cost_rise(
    core: Session, rise: CostRise, volumes: Sequence[ModelVolume], scope: WatchScope
) -> Finding:
    per_day, most = (
        formatting.figure(usd, FigureUnit.MONEY) for usd in (rise.per_day, rise.most_before)
    )
    since = f"{scope.period.first_day:%-d %b}"
    change = f"{per_day} per day since {since}, at most {most} on any day before"
    return _of_cost(core, volumes, change, scope)


def _of_cost(
    core: Session, volumes: Sequence[ModelVolume], change: str, scope: WatchScope
) -> Finding:
    """Return the finding of a rise in cost, with the model that most of it comes from, if any."""
    asked = AiMetricsQuery(scope.period, scope.watched).previous
    before = {(each.provider, each.model): each.cost_usd for each in volume_by_model(core, asked)}
    now = {(each.provider, each.model): each.cost_usd for each in volumes}
    rises = {key: cost - before.get(key, 0) for key, cost in now.items()}
    rise = sum(now.values()) - sum(before.values())
    risen = max(
        (key for key in rises if 2 * rises[key] > rise), key=lambda key: rises[key], default=None
    )
    most = f" · mostly from {risen[1]}" if risen else ""
    return _finding(
        "cost",
        FindingSeverity.WARN,
        "Cost increased",
        change + most,
        scope.period.start,
        "ai-metrics",
        {**span_filters(scope), **place_filters(scope)},
    )


def of_failing_tool(one: ToolFigures, scope: WatchScope) -> Finding:
    title = f"Tool {one.tool or '(unnamed)'} failing: {formatting.share(one.error_rate)} of calls"
    detail = f"{one.error_count:,} of {formatting.count(one.calls, 'call')}"
    query = {**span_filters(scope), **place_filters(scope)} | (
        {"tool": one.tool} if one.tool else {}
    )
    query["order"] = FAILED_TOOL_CALLS
    return _finding(
        "tool", FindingSeverity.WARN, title, detail, scope.period.start, "ai-metrics", query
    )


def of_unpriced(volumes: Sequence[ModelVolume], scope: WatchScope) -> Iterator[Finding]:
    each = [one for one in volumes if one.unpriced_requests and one.total_tokens]
    if each:
        count = sum(one.unpriced_requests for one in each)
        # A price is of a model and its provider, as the requests name them
        named = (f"{one.model} ({one.provider})" if one.provider else one.model for one in each)
        names = ", ".join(list(dict.fromkeys(named))[:3])
        title = f"{formatting.count(count, 'request')} without a price"
        detail = f"{names} · not included in cost totals"
        yield _finding(
            "unpriced",
            FindingSeverity.NOTE,
            title,
            detail,
            scope.period.start,
            "settings",
            {"section": "Prices"},
        )


def _finding(
    kind: str,
    severity: FindingSeverity,
    title: str,
    detail: str,
    at: datetime,
    page: str,
    query: dict[str, str],
) -> Finding:
    return Finding(
        kind=kind, severity=severity, title=title, detail=detail, at=at, page=page, query=query
    )


def span_filters(scope: WatchScope) -> dict[str, str]:
    return {"start": in_address(scope.period.start), "end": in_address(scope.period.end)}


def place_filters(scope: WatchScope) -> dict[str, str]:
    return {
        name: value
        for name, value in scope.watched.parameters.items()
        # The pages' default, which an address need not name
        if (name, value) != ("environment", "production")
    }
