"""Usage: what model calls made in Attune used and cost, and what they would cost."""

import streamlit as st

from core.identity.permissions import Permission
from core.insights import usage_charts
from core.insights.queries.usage.usage import usage
from core.insights.usage import UsageDimension, UsageReport
from core.insights.usage_kpis import usage_kpis
from core.presentation import formatting
from pages._ui import charts, definitions, errors, frame, guard, kpis, links, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar
from pages._ui.filters.selection import Filters
from pages.test.usage import cost_section, usage_table
from pages.test.usage.usage_groups import PAGE


def main() -> None:
    actor = guard.page(Permission.RUN_MODELS)
    reads = Reads(actor)
    links.follow()
    header = watch.header("Usage", "Model calls made in Attune, by people and API keys")
    chosen = filter_bar.draw(PAGE, reads, (), own=("group_by",), draw_own=usage_table.draw_choice)
    report = _read(chosen)
    if report.total.calls:
        _draw_figures(report)
        usage_table.draw(report, actor)
    else:
        _draw_empty()
    cost_section.draw()
    header.finish(reads, chosen, csv="/analytics/usage" if report.total.calls else None)


def _read(chosen: Filters) -> UsageReport:
    dimension = chosen.one_of(UsageDimension, "group_by") or UsageDimension.MODEL
    # Not by the cache of pages: whose calls and which names are read depends on the account
    with guard.work() as (session, actor):
        return usage(session, chosen.period, dimension, actor=actor)


def _draw_figures(report: UsageReport) -> None:
    kpis.draw(usage_kpis(report), notes=definitions.USAGE)
    if len(report.series) > 1:
        _draw_charts(report)


def _draw_charts(report: UsageReport) -> None:
    unpriced = formatting.count(report.total.unpriced_calls, "unpriced call")
    without = f" · without {unpriced}" if report.total.unpriced_calls else ""
    palette, grid = charts.palette(), st.grid(2, min_column_width=300, gap=("small", "medium"))
    with grid.cell(), watch.panel("Cost", f"US dollars, {report.grain}{without}"):
        charts.show(usage_charts.cost_over_time(palette, report), f"{PAGE}.chart.cost")
    with grid.cell(), watch.panel("Calls", report.grain):
        charts.show(usage_charts.calls_over_time(palette, report), f"{PAGE}.chart.calls")


def _draw_empty() -> None:
    body = "Use the playground, or call a model with an API key."
    with frame.empty_state("data_usage", "No model calls in this period", body):
        links.draw("playground", "Open playground", icon="science")
        links.draw("settings", "Create API key", icon="key", section="API keys")


with errors.InWords("Usage"):
    main()
