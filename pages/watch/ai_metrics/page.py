"""AI metrics: requests, latency, cost and errors."""

from core.ai_metrics.queries import figures, rollup_coverage
from core.ai_metrics.queries.kpis import ai_request_kpis
from core.insights.queries.filter_options import read_filter_options
from core.insights.queries.prompt_versions import prompt_versions
from core.presentation import formatting
from pages._ui import definitions, errors, kpis, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar
from pages._ui.filters.selection import Filters
from pages.watch.ai_metrics import (
    ai_tables,
    breakdown_panel,
    metric_charts,
    promotion_panel,
    prompt_version_table,
    release_panel,
    request_detail,
    request_list,
    score_charts,
)

PAGE = "ai-metrics"
FIRST = ("model", "status")
OFFERS = {"status": {status.value: said for status, said in request_list.STATES.items()}}
TABLES = {
    "Export CSV": "ai/requests",
    "Errors by type": "ai/errors",
    "Tools": "ai/tools",
    "Models": "ai/models",
    "Prompt versions": "ai/prompt-versions",
    "Tokens and cost": "ai/tokens",
    "Latency": "ai/latency",
}
MORE = (
    "environment",
    "app",
    "release",
    "provider",
    "user_id",
    "conversation",
    "prompt_version",
    "experiment_arm",
    "error_type",
    "tool",
)


def main() -> None:
    reads = watch.reads()
    header = watch.header("AI metrics", "All AI requests")
    chosen = filter_bar.draw(
        PAGE,
        reads,
        FIRST,
        MORE,
        offers=OFFERS,
        own=("latency", *breakdown_panel.OWN, *release_panel.OWN),
    )
    until = reads.ask(rollup_coverage.deleted_until, chosen.asked)
    watch.say_deleted("AI requests", until, chosen.period.zone)
    promotion_panel.draw(chosen)
    found = reads.ask(ai_request_kpis, chosen.asked)
    if not found[0].value:
        watch.nothing_here(PAGE, "AI requests", reads, chosen)
        score_charts.draw(reads, chosen)
        header.finish(reads, chosen)
        # A link of another page knows the request, and neither its environment nor its day
        request_detail.draw_opened(reads, chosen.period.zone)
        return
    summary = reads.ask(figures.summary, chosen.asked)
    without = formatting.count(summary.unpriced_requests, "request")
    unpriced = (
        f"{without} without a price, not included in cost." if summary.unpriced_requests else ""
    )
    notes = definitions.with_notes(definitions.AI, {"cost": unpriced})
    kpis.draw(found, notes=notes)
    markers = [*watch.markers(reads, chosen), *watch.prompt_markers(reads, chosen)]
    breakdown_panel.draw(reads, chosen, markers)
    release_panel.draw(reads, chosen)
    metric_charts.draw(reads, chosen, markers)
    draw_models(reads, chosen)
    draw_prompt_versions(reads, chosen)
    score_charts.draw(reads, chosen)
    request_list.draw(reads, chosen)
    header.finish(reads, chosen, csv=TABLES)


@errors.part("Models")
def draw_models(reads: Reads, chosen: Filters) -> None:
    ai_tables.draw_models(reads.ask(figures.models, chosen.asked), PAGE)


@errors.part("Prompt versions")
def draw_prompt_versions(reads: Reads, chosen: Filters) -> None:
    """Draw the versions of a workspace that has any: they are read from raw rows."""
    offered = reads.ask(read_filter_options, chosen.period, chosen.watched.environment)
    if offered.prompt_versions:
        found = reads.ask_both(prompt_versions, chosen.asked)
        prompt_version_table.draw(found, PAGE)
        watch.say_deleted_ratings(reads, chosen)


with errors.InWords("AI metrics"):
    main()
