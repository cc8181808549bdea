"""Find what needs attention in a period."""

from functools import cache, partial

from sqlalchemy.orm import Session

from core.activity.queries.funnels.conversion_drops import drops
from core.ai_metrics.answers import AiMetricsQuery
from core.ai_metrics.queries import tools
from core.ai_metrics.queries.incidents import incidents
from core.ai_metrics.queries.series import volume_by_model
from core.batches.answers import AskedRuns
from core.batches.queries.failing import find_failing
from core.cache.large_workspaces import cached_if_large
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.insights.finding_texts import (
    of_drop,
    of_failing_job,
    of_failing_tool,
    of_incident,
    of_tiles,
    of_unpriced,
    place_filters,
    span_filters,
)
from core.insights.schemas import Finding, Findings, FindingSeverity, QuotingFinding, WatchScope
from core.insights.tiles import KnownFigures, read_known

MOST = 8
# Pages that need a permission, and the page that is linked for actors without it
RESTRICTED_PAGES = {
    "knowledge": (Permission.READ_CONTENTS, "overview"),
    "settings": (Permission.CHANGE_WORKSPACE, "ai-metrics"),
}


def findings(
    core: Session,
    ai: Session,
    scope: WatchScope,
    known: KnownFigures | None = None,
    *,
    actor: Actor,
) -> Findings:
    """Return up to 8 findings, most severe first; each kind is false 1% of the time."""
    require(actor, Permission.WATCH)
    found = cached_if_large(
        core,
        ("findings", scope),
        lambda: _look(core, scope, known or read_known(core, ai, scope, actor=actor), actor),
    )
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
    kept = {name: value for name, value in finding.query.items() if name != "section"}
    query = kept | span_filters(scope) | place_filters(scope)
    return finding.model_copy(update={"page": other_page, "query": query})


def _look(core: Session, scope: WatchScope, known: KnownFigures, actor: Actor) -> Findings:
    asked = AiMetricsQuery(scope.period, scope.watched)
    tiles = [*known.of_ai, known.feedback]
    hours = incidents(core, asked, actor=actor)
    runs = find_failing(core, AskedRuns(scope.period, scope.watched))
    volumes = cache(partial(volume_by_model, core, asked))  # only few findings need it
    is_of_all = scope.watched.user_id is None
    fewer = drops(core, scope.period, scope.watched, actor=actor) if is_of_all else []
    found = [
        *(of_incident(each, scope) for each in hours),
        *(of_failing_job(each, scope) for each in runs),
        *(of_drop(each, scope) for each in fewer),
        *of_tiles(core, tiles, volumes, {each.trouble for each in hours}, scope),
        *(of_failing_tool(each, scope) for each in tools.failing(core, asked, actor=actor)),
        *(of_unpriced(volumes(), scope) if known.unpriced_requests else ()),
    ]
    order = list(FindingSeverity)
    found.sort(key=lambda each: (order.index(each.severity), -each.at.timestamp()))
    return Findings(items=found[:MOST])
