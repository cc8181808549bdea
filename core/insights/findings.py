"""Findings: what needs attention in a period, with the page and filters that show the evidence."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache, partial

from sqlalchemy.orm import Session

from core.activity.funnels import question
from core.activity.funnels.conversion_drops import Drop, drops
from core.ai_metrics.answers import AiMetricsQuery, ModelVolume, ToolFigures
from core.ai_metrics.queries import tools
from core.ai_metrics.queries.incidents import Incident, Trouble, incidents
from core.ai_metrics.queries.series import volume_by_model
from core.batches.answers import AskedRuns
from core.batches.failing import Failing, find_failing
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor, View
from core.insights.schemas import WatchScope
from core.insights.tiles import KnownFigures, read_known
from core.platform import clock
from core.presentation import words
from core.presentation.comparison import ChangeVerdict, Tile
from core.presentation.periods import in_address

MOST = 8
# A smaller rise of cost can be certain, and still be nothing to act on.
LEAST_RISE = 0.2
LEVEL = 0.01
FEEDBACK = {"section": "feedback"}
# What a page asks of its reader, and where those are led who may not open it.
ELSEWHERE = {"knowledge": (Permission.READ_CONTENTS, "overview"), "settings": (Permission.CHANGE_WORKSPACE, "ai-metrics")}


Volumes = Callable[[], list[ModelVolume]]


class FindingSeverity(StrEnum):
    """How bad it is: red, orange, or only to be known."""

    BAD = "bad"
    WARN = "warn"
    NOTE = "note"


class Finding(View):
    """Something that needs attention. `page` is the console's address of its evidence, `query` the filters that show it."""

    kind: str
    severity: FindingSeverity
    title: str
    detail: str
    at: datetime
    page: str
    query: dict[str, str]


class Quoting(Finding):
    """A finding that quotes what was said where it was found: not for everybody who is told of it."""

    quote: str


class Findings(View):
    """What needs attention, the worst first."""

    items: list[Finding]


def findings(core: Session, ai: Session, scope: WatchScope, known: KnownFigures | None = None, *, actor: Actor) -> Findings:
    """Look for what needs attention in a period: of each kind, chance brings up one in a hundred times what is not there.

    What is known of its key figures need not be read.
    """
    require(actor, Permission.WATCH)
    found = question.of_many(
        core, ("findings", scope), lambda: _look(core, scope, known or read_known(core, ai, scope, actor=actor), actor)
    )
    return Findings(items=[_openable(_told(each, actor), scope, actor) for each in found.items])


def _told(finding: Finding, actor: Actor) -> Finding:
    """Return a finding with what was said, for those who may read it."""
    if not isinstance(finding, Quoting):
        return finding
    plain = finding.model_dump(exclude={"quote"})
    quote = finding.quote if may(actor, Permission.READ_CONTENTS) else None
    return Finding(**plain | {"detail": " · ".join(filter(None, (finding.detail, quote)))})


def _openable(finding: Finding, scope: WatchScope, actor: Actor) -> Finding:
    """Return a finding with evidence that the actor may open: many are told the same, and not all have the same pages."""
    if finding.page not in ELSEWHERE or may(actor, ELSEWHERE[finding.page][0]):
        return finding
    kept = {name: value for name, value in finding.query.items() if name != "section"}
    return finding.model_copy(update={"page": ELSEWHERE[finding.page][1], "query": kept | _span(scope) | _place(scope)})


def _look(core: Session, scope: WatchScope, known: KnownFigures, actor: Actor) -> Findings:
    asked = AiMetricsQuery(scope.period, scope.watched)
    tiles = [*known.of_ai, known.feedback]
    hours = incidents(core, asked, actor=actor)
    runs = find_failing(core, AskedRuns(scope.period, scope.watched))
    volumes = cache(partial(volume_by_model, core, asked))  # few findings speak of models
    fewer = drops(core, scope.period, scope.watched, actor=actor) if scope.watched.user_id is None else []
    found = [
        *(_of_incident(each, scope) for each in hours),
        *(_of_failing(each, scope) for each in runs),
        *(_of_drop(each, scope) for each in fewer),
        *_of_tiles(core, tiles, volumes, {each.trouble for each in hours}, scope),
        *(_of_tool(each, scope) for each in tools.failing(core, asked, actor=actor)),
        *(_unpriced(volumes(), scope) if known.unpriced_requests else ()),
    ]
    order = list(FindingSeverity)
    return Findings(items=sorted(found, key=lambda each: (order.index(each.severity), -each.at.timestamp()))[:MOST])


def _of_incident(one: Incident, scope: WatchScope) -> Finding:
    zone = scope.period.zone
    when = words.stretch(one.start, one.end, zone)
    query = {"start": in_address(one.start), "end": in_address(one.end), "model": one.model, **_place(scope)}
    if one.trouble is Trouble.SLOW:
        title = f"{one.model} slow: p95 {words.duration(round(one.value))} (usual {words.duration(round(one.usual))})"
        said = f"{one.affected} of {words.count(one.requests, 'request')} exceeded the usual p95"
        return _finding("latency", FindingSeverity.BAD, title, f"{when} · {said}", one.start, "ai-metrics", query)
    title = f"{one.model} failing: {words.share(one.value)} of requests (usual {words.share(one.usual)})"
    said = f"{one.affected} of {words.count(one.requests, 'request')}"
    return _finding(
        "errors", FindingSeverity.BAD, title, f"{when} · {said}", one.start, "ai-metrics", query | {"status": "error"}
    )


def _of_failing(one: Failing, scope: WatchScope) -> Finding:
    phase = f" in {one.phase}" if one.phase else ""
    title = f"{one.batch_job} failing{phase}: {one.bad} of {words.count(one.runs, 'run')}"
    row = f"last {one.in_a_row} runs in a row" if one.in_a_row > 1 else f"last {words.moment(one.last_at, scope.period.zone)}"
    # All of its runs: one that fails is partial or lost as well, and beside good ones it shows what differs.
    query = {"job": one.batch_job, **_span(scope), **_place(scope)}
    severity = FindingSeverity.BAD if one.in_a_row > 1 else FindingSeverity.WARN
    found = _finding("batch", severity, title, row, one.last_at, "batch-history", query)
    return Quoting(**found.model_dump(), quote=one.summary) if one.summary else found


def _of_drop(one: Drop, scope: WatchScope) -> Finding:
    since = f" since release {one.release}" if one.release else ""
    title = f"Conversion dropped from {words.event(one.event_type)} to {words.event(one.next_event_type)}{since}"
    rates = f"{words.share(one.rate)} within 1 day, previously {words.share(one.before)}"
    some = "sample of " if one.is_sampled else ""
    zone, is_over = scope.period.zone, one.until < scope.period.end
    when = words.stretch(one.at, one.until, zone) if is_over else f"since {words.moment(one.at, zone)}"
    detail = f"{when} · {rates} · {some}{words.count(one.users, 'user')}"
    # Just those days beside as many before: in a longer period the fall would be lost.
    span = {"start": in_address(one.at), "end": in_address(one.until)}
    app = {"app": one.app} if one.app else {}
    query = {"step": str(one.step), "against": "previous", **app, **span, **_place(scope)}
    return _finding("conversion", FindingSeverity.BAD, title, detail, one.at, "onboarding", query)


def _of_tiles(
    core: Session, tiles: Sequence[Tile], volumes: Volumes, known: set[Trouble], scope: WatchScope
) -> Iterator[Finding]:
    is_slow = Trouble.SLOW in known
    # An incident says it already, and names its hours.
    explained = {"p95_latency": is_slow, "p95_first_token": is_slow, "error_rate": Trouble.FAILING in known}
    level = LEVEL / len(tiles)
    for tile in tiles:
        if not _is_surely_worse(tile, level) or explained.get(tile.name) or tile.value is None or not tile.before:
            continue
        query = {**_span(scope), **_place(scope)}
        change = f"{words.figure(tile.value, tile.unit)}, {words.figure(tile.before, tile.unit)} in the previous period"
        if tile.name == "cost":
            if tile.value / tile.before - 1 >= LEAST_RISE:
                yield _of_cost(core, volumes(), change, query, scope)
            continue
        verb = "decreased" if tile.value < tile.before else "increased"
        page, more = ("knowledge", FEEDBACK) if tile.name == "feedback" else ("ai-metrics", {})
        yield _finding(tile.name, FindingSeverity.WARN, f"{tile.label} {verb}", change, scope.period.start, page, query | more)


def _is_surely_worse(tile: Tile, level: float) -> bool:
    return tile.verdict is ChangeVerdict.WORSE and tile.chance is not None and tile.chance <= level


def _of_cost(core: Session, volumes: Sequence[ModelVolume], change: str, query: dict[str, str], scope: WatchScope) -> Finding:
    """Name the model that most of the rise comes from, if one there is; beside it one sees which it took the place of."""
    asked = AiMetricsQuery(scope.period.before(clock.now()), scope.watched)
    before = {(each.provider, each.model): each.cost_usd for each in volume_by_model(core, asked)}
    now = {(each.provider, each.model): each.cost_usd for each in volumes}
    rises = {key: cost - before.get(key, 0) for key, cost in now.items()}
    rise = sum(now.values()) - sum(before.values())
    risen = max((key for key in rises if 2 * rises[key] > rise), key=lambda key: rises[key], default=None)
    most = f" · mostly from {risen[1]}" if risen else ""
    return _finding("cost", FindingSeverity.WARN, "Cost increased", change + most, scope.period.start, "ai-metrics", query)


def _of_tool(one: ToolFigures, scope: WatchScope) -> Finding:
    title = f"Tool {one.tool or '(unnamed)'} failing: {words.share(one.error_rate)} of calls"
    detail = f"{one.error_count:,} of {words.count(one.calls, 'call')}"
    query = {**_span(scope), **_place(scope)} | ({"tool": one.tool} if one.tool else {})
    return _finding("tool", FindingSeverity.WARN, title, detail, scope.period.start, "ai-metrics", query)


def _unpriced(volumes: Sequence[ModelVolume], scope: WatchScope) -> Iterator[Finding]:
    each = [one for one in volumes if one.unpriced_requests and one.total_tokens]
    if each:
        count = sum(one.unpriced_requests for one in each)
        names = ", ".join(list(dict.fromkeys(one.model for one in each))[:3])
        title = f"{words.count(count, 'request')} without a price"
        detail = f"{names} · not included in cost totals"
        yield _finding("unpriced", FindingSeverity.NOTE, title, detail, scope.period.start, "settings", {"section": "Prices"})


def _finding(
    kind: str, severity: FindingSeverity, title: str, detail: str, at: datetime, page: str, query: dict[str, str]
) -> Finding:
    return Finding(kind=kind, severity=severity, title=title, detail=detail, at=at, page=page, query=query)


def _span(scope: WatchScope) -> dict[str, str]:
    return {"start": in_address(scope.period.start), "end": in_address(scope.period.end)}


def _place(scope: WatchScope) -> dict[str, str]:
    watched = scope.watched
    given = {"environment": watched.environment, "app": watched.app, "release": watched.release, "user_id": watched.user_id}
    return {name: value for name, value in given.items() if value and (name, value) != ("environment", "production")}
