"""Overview: key metrics, onboarding and findings."""

from contextlib import suppress
from functools import partial

import streamlit as st

from core.activity.funnel_views import FunnelView
from core.activity.queries.funnels import funnel_counts, funnel_proposal
from core.activity.schemas import SavedFunnelView
from core.activity.service import saved_funnels
from core.errors import Unavailable
from core.insights.findings import recent_findings
from core.insights.kpis import overview_kpis, read_known
from core.insights.schemas import Finding
from core.presentation import formatting
from core.presentation.comparison import Kpi
from core.presentation.formatting import FigureUnit
from pages._ui import definitions, errors, kpis, links, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar
from pages._ui.filters.selection import Filters
from pages._ui.funnels import funnel_progress
from pages.watch.overview import (
    batch_strip,
    digest,
    overview_charts,
    overview_panels,
    pinned_views,
    setup_panel,
)

PAGE = "overview"


def main() -> None:
    reads = watch.reads()
    links.follow()
    if st.query_params.get(digest.WEEK):
        digest.draw()
        return
    header = watch.header("Overview", "Compared with the previous period")
    chosen = filter_bar.draw(PAGE, reads, ("environment", "app"), ("release",))
    workspace = read_workspace_funnel(reads)  # before the figures: if it is ready, it is theirs
    is_empty = is_quiet(reads, chosen)
    setup_panel.draw(reads.actor, is_open=is_empty)
    if is_empty:
        watch.nothing_here(PAGE, "events or AI requests", reads, chosen)
        pinned_views.draw(reads)
        batch_strip.draw(reads, chosen, PAGE)
        header.finish(reads, chosen)
        return
    draw_figures(reads, chosen)
    pinned_views.draw(reads)
    draw_onboarding(reads, chosen, workspace)
    left, right = st.columns([2.1, 1], gap="medium")
    with right:
        draw_attention(reads, chosen)
        overview_panels.draw_ways(reads)
    with left:
        overview_charts.draw(reads, chosen)
        batch_strip.draw(reads, chosen, PAGE)
    header.finish(reads, chosen)


def is_quiet(reads: Reads, chosen: Filters) -> bool:
    """Whether the period has nothing to compare and no finding."""
    with suppress(Unavailable):  # the parts say themselves what did not load
        # No request costs nothing, but nothing of nothing is no share.
        return all(
            kpi.value is None or (kpi.unit is not FigureUnit.SHARE and not kpi.value)
            for kpi in read_kpis(reads, chosen)
        ) and not read_findings(reads, chosen)
    return False


def read_workspace_funnel(reads: Reads) -> SavedFunnelView | None:
    with suppress(Unavailable):
        return reads.ask(saved_funnels.list_funnels)[0]
    return None


def read_kpis(reads: Reads, chosen: Filters) -> list[Kpi]:
    known = reads.ask_both(read_known, chosen.scope)
    return reads.ask_both(overview_kpis, chosen.scope, known, read_funnel(reads, chosen))


def read_findings(reads: Reads, chosen: Filters) -> list[Finding]:
    return reads.ask_both(recent_findings, chosen.scope).items


def read_funnel(reads: Reads, chosen: Filters) -> FunnelView | None:
    """Return the funnel, but of releases for which it would read raw rows."""
    return reads.ask(funnel_counts.find_kept_funnel, chosen.period, chosen.watched)


@errors.part("Key metrics")
def draw_figures(reads: Reads, chosen: Filters) -> None:
    deleted = watch.deleted_ratings(reads, chosen)
    kpis.draw(
        read_kpis(reads, chosen),
        notes=definitions.with_notes(definitions.OVERVIEW, {"feedback": deleted}),
        below=partial(overview_panels.draw_kpi_link, reads.actor),
    )


@errors.part("Onboarding")
def draw_onboarding(reads: Reads, chosen: Filters, workspace: SavedFunnelView | None) -> None:
    funnel = read_funnel(reads, chosen)
    if funnel is not None:
        with watch.panel("Onboarding", "users who started in this period, by step reached"):
            if workspace is not None:
                funnel_progress.draw(workspace)
            overview_panels.draw_onboarding(funnel)
            period = funnel_proposal.proposal_period(chosen.period)
            if not funnel.steps[0].users and reads.ask(
                funnel_proposal.propose_funnel, period, chosen.watched
            ):
                st.caption("No user has started this funnel.")
                links.draw("onboarding", "View proposed funnel", icon="filter_alt")


@errors.part("Needs attention")
def draw_attention(reads: Reads, chosen: Filters) -> None:
    found = read_findings(reads, chosen)
    count = formatting.count(len(found), "finding") if found else "no findings"
    with watch.panel("Needs attention", f"{count} in the last 30 days"):
        overview_panels.draw_findings(found)


with errors.InWords("Overview"):
    main()
