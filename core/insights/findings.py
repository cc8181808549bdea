"""Find what needs attention in a period."""

from collections.abc import Callable, Sequence
from functools import cache, partial

from sqlalchemy.orm import Session

from core.activity.queries.funnels.conversion_drops import ConversionDrop, drops
from core.ai_metrics.queries import tools
from core.ai_metrics.queries.incidents import Incident, incidents
from core.ai_metrics.queries.series import volume_by_model
from core.ai_metrics.views import AiMetricsQuery, ModelVolume
from core.batches.queries.failing_jobs import failing_jobs
from core.batches.views import BatchRunQuery
from core.cache.large_workspaces import cached_if_large
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.insights.causes import MEASURES, cause_of_change, cause_of_drop, evidence_of
from core.insights.cost_rises import find_cost_rise
from core.insights.finding_texts import (
    of_cost_rise,
    of_drop,
    of_failing_job,
    of_failing_tool,
    of_incident,
    of_kpis,
    of_unpriced,
    place_filters,
    span_filters,
)
from core.insights.kpis import KnownFigures, read_known
from core.insights.schemas import (
    Finding,
    FindingCause,
    Findings,
    FindingSeverity,
    QuotingFinding,
    WatchScope,
)
from core.presentation.periods import Period

MOST = 8
FINDING_DAYS, FINDING_WEEK = 30, 7
# Pages that need a permission, and the page that is linked for actors without it
RESTRICTED_PAGES = {
    "knowledge": (Permission.READ_CONTENTS, "overview"),
    "settings": (Permission.CHANGE_WORKSPACE, "ai-metrics"),
}


def findings(core: Session, ai: Session, scope: WatchScope, *, actor: Actor) -> Findings:
    """Return up to 8 findings, most severe first; each kind is false 1% of the time."""
    require(actor, Permission.WATCH)

    def look() -> Findings:
        return _look(core, scope, read_known(core, ai, scope, actor=actor), actor)

    return _readable(cached_if_large(core, ("findings", scope), look), scope, actor)


def recent_findings(core: Session, ai: Session, scope: WatchScope, *, actor: Actor) -> Findings:
    """Return the findings of the 30 days up to the end of a period, however long that is.

    KPIs and tools of the last 7 days are judged, too: in 30 days a rise of yesterday is too small.
    So are the days of a cost that is higher than on any day before.
    """
    require(actor, Permission.WATCH)
    month, week = scope.last(FINDING_DAYS), scope.last(FINDING_WEEK)

    def look() -> Findings:
        known, of_week = (read_known(core, ai, each, actor=actor) for each in (month, week))
        return _look(core, month, known, actor, (week, of_week))

    return _readable(cached_if_large(core, ("recent findings", month), look), month, actor)


def _readable(found: Findings, scope: WatchScope, actor: Actor) -> Findings:
    """Return findings as the actor may read them: those that are kept are everyone's."""
    items = [_linked(_with_quote(each, actor), scope, actor) for each in found.items]
    return Findings(items=items)


def _with_quote(finding: Finding, actor: Actor) -> Finding:
    """Return a finding with its quote in the detail, when the actor may read contents."""
    if not isinstance(finding, QuotingFinding):
        return finding
    plain = finding.model_dump(exclude={"quote"})
    quote = finding.quote if may(actor, Permission.READ_CONTENTS) else None
    return Finding(**plain | {"detail": " · ".join(filter(None, (finding.detail, quote)))})


def _linked(finding: Finding, scope: WatchScope, actor: Actor) -> Finding:
    """Return a finding whose page the actor may open."""
    permission, other_page = RESTRICTED_PAGES.get(finding.page, (Permission.WATCH, finding.page))
    if may(actor, permission):
        return finding
    # A section is one of the page that is not linked
    kept = {name: value for name, value in finding.query.items() if name != "section"}
    query = kept | span_filters(scope) | place_filters(scope)
    return finding.model_copy(update={"page": other_page, "query": query})


def _look(
    core: Session,
    scope: WatchScope,
    figures: KnownFigures,
    actor: Actor,
    week: tuple[WatchScope, KnownFigures] | None = None,
) -> Findings:
    asked = AiMetricsQuery(scope.period, scope.watched)
    spans = [(scope, figures), *([week] if week else [])]
    hours = incidents(core, asked, actor=actor)
    runs = failing_jobs(core, BatchRunQuery(scope.period, scope.watched))
    volumes = cache(partial(volume_by_model, core))  # only few findings need it
    is_of_all = scope.watched.user_id is None
    # Drops are counted over all users, and know no filter by one
    fewer = drops(core, scope.period, scope.watched, actor=actor) if is_of_all else []
    found = [
        *(_of_incident(core, each, scope, actor) for each in hours),
        *(of_failing_job(each, scope) for each in runs),
        *(_of_drop(core, each, scope, actor) for each in fewer),
        *_of_figures(core, spans, hours, volumes, actor),
        *_of_tools(core, [each for each, _ in spans], actor),
        *(of_unpriced(volumes(asked), scope) if figures.unpriced_requests else ()),
    ]
    order = list(FindingSeverity)
    found.sort(key=lambda each: (order.index(each.severity), -each.at.timestamp()))
    return Findings(items=found[:MOST])


def _of_incident(core: Session, one: Incident, scope: WatchScope, actor: Actor) -> Finding:
    span = Period(one.start, one.end, scope.period.zone)
    asked = AiMetricsQuery(span, scope.watched, one.provider or None, one.model)
    found = of_incident(one, scope)
    return _caused(found, cause_of_change(core, asked, MEASURES[found.kind], actor=actor))


def _of_drop(core: Session, one: ConversionDrop, scope: WatchScope, actor: Actor) -> Finding:
    return _caused(of_drop(one, scope), cause_of_drop(core, one, scope, actor=actor))


def _of_figures(
    core: Session,
    spans: Sequence[tuple[WatchScope, KnownFigures]],
    hours: Sequence[Incident],
    volumes: Callable[[AiMetricsQuery], list[ModelVolume]],
    actor: Actor,
) -> list[Finding]:
    """Return findings of KPIs, of each kind that of the last span it is found in."""
    troubles, by_kind = {each.trouble for each in hours}, dict[str, Finding]()
    for scope, known in spans:
        asked = AiMetricsQuery(scope.period, scope.watched)
        kpis = [*known.of_ai, known.feedback]
        for each in of_kpis(core, kpis, partial(volumes, asked), troubles, scope, len(spans)):
            measure = MEASURES.get(each.kind)
            by_kind[each.kind] = (
                _caused(each, cause_of_change(core, asked, measure, actor=actor))
                if measure is not None
                else each
            )
    rises = _of_cost_rise(core, *spans[0], volumes, actor) if len(spans) > 1 else []
    return list((by_kind | {each.kind: each for each in rises}).values())


def _of_cost_rise(
    core: Session,
    scope: WatchScope,
    known: KnownFigures,
    volumes: Callable[[AiMetricsQuery], list[ModelVolume]],
    actor: Actor,
) -> list[Finding]:
    """Return the finding of last days that each cost more than any day of the month before."""
    by_day = next(kpi.course for kpi in known.of_ai if kpi.name == "cost")
    rise = find_cost_rise(by_day)
    if rise is None:
        return []
    open_days = len(scope.period.days) - len(by_day)
    risen = scope.last(rise.days + open_days)
    asked = AiMetricsQuery(risen.period, risen.watched)
    cause = cause_of_change(core, asked, MEASURES["cost"], actor=actor)
    return [_caused(of_cost_rise(core, rise, volumes(asked), risen), cause)]


def _of_tools(core: Session, scopes: Sequence[WatchScope], actor: Actor) -> list[Finding]:
    """Return findings of failing tools, of each that of the last scope it is found in."""
    by_tool = dict[str, Finding]()
    for scope in scopes:
        query = AiMetricsQuery(scope.period, scope.watched)
        failing = tools.failing(core, query, looks=len(scopes), actor=actor)
        by_tool |= {each.tool: of_failing_tool(each, scope) for each in failing}
    return list(by_tool.values())


def _caused(finding: Finding, cause: FindingCause) -> Finding:
    """Return a finding with its cause, whose page shows the change broken down by it."""
    query = finding.query | evidence_of(cause, is_of_model="model" in finding.query)
    return finding.model_copy(update={"cause": cause, "query": query})
