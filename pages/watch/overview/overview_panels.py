"""Onboarding in one line, findings and quick links of the Overview."""

import streamlit as st

from core.activity.charts import step_label, weakest_of
from core.activity.funnel_views import FunnelView
from core.activity.queries.funnels.funnel_comparison import PREVIOUS
from core.ai_metrics.breakdown_views import BreakdownMeasure
from core.annotations.queries.backlog import read_backlog
from core.conversations.opinions import ConversationOpinion
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.insights.schemas import Finding, FindingSeverity
from core.presentation import formatting
from core.presentation.comparison import Kpi
from pages._ui import errors, links, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_state

FEWEST_PLACES = 14  # a single run is no wider than one of many
ICONS = {
    FindingSeverity.BAD: ":red[:material/error:]",
    FindingSeverity.WARN: ":orange[:material/warning:]",
    FindingSeverity.NOTE: ":blue[:material/info:]",
}
# The page that explains a figure, by its name: the page, the link's label and its query
DETAILS: dict[str, tuple[str, str, dict[str, str]]] = {
    "users": ("engagement", "View active users", {}),
    "new_users": ("engagement", "View new users", {}),
    "conversion": ("onboarding", "Compare steps", {"against": PREVIOUS}),
    "p95_latency": ("ai-metrics", "View latency", {"measure": BreakdownMeasure.LATENCY}),
    "error_rate": ("ai-metrics", "View error rate", {"measure": BreakdownMeasure.ERROR_RATE}),
    "cost": ("ai-metrics", "View cost", {"measure": BreakdownMeasure.COST}),
}


def draw_kpi_link(actor: Actor, kpi: Kpi) -> None:
    """Link a figure to the page that explains it, and feedback to the conversations that were rated
    negative.
    """
    if kpi.value is None:
        return
    if kpi.name == "feedback" and may(actor, Permission.READ_CONTENTS):
        rated = {"view": "conversations", "rating": ConversationOpinion.NEGATIVE.value}
        label = "View negative conversations"
        links.draw("tuning", label, icon="arrow_forward", **rated, **_shown_filters())
    elif kpi.name in DETAILS:
        page, label, query = DETAILS[kpi.name]
        links.draw(page, label, icon="arrow_forward", **query, **_shown_filters())


def draw_onboarding(funnel: FunnelView) -> None:
    """Draw each step with its users and conversion; the weakest is marked."""
    steps, weakest = funnel.steps, weakest_of(funnel.steps)
    with st.container(border=True, key="onboarding-steps"):
        grid = st.grid(len(steps), min_column_width=130, gap="small")
        for step in steps:
            share = formatting.share(step.conversion_from_previous)
            note = (
                "start"
                if step.step == 1
                else "no users"
                if share == formatting.NOTHING
                else f"{share} of previous"
            )
            tone = "orange" if step is weakest else "gray"
            with grid.cell(), st.container(gap=None):
                links.draw(
                    "onboarding",
                    f"{step.step}\u2002{step_label(step)}",
                    step=str(step.step),
                    **_shown_filters(),
                )
                st.markdown(f"**{step.users:,}**\u2002:{tone}[:small[{text.plain(note)}]]")


def _shown_filters() -> dict[str, str]:
    """Return all filters of the page: its figures are of the release, too."""
    release = st.query_params.get("release")
    return filter_state.shared() | ({"release": release} if release else {})


def draw_findings(found: list[Finding]) -> None:
    """Draw findings, each with a link to its evidence."""
    with st.container(border=True, gap="small", key="findings"):
        if not found:
            st.markdown(":green[:material/check_circle:]\u2002No findings")
            st.caption(
                "No change beyond normal variation in latency, errors, onboarding, batch "
                "runs, tools, cost or feedback."
            )
        for number, finding in enumerate(found):
            with st.container(
                horizontal=True, vertical_alignment="top", gap="small", key=f"row-finding-{number}"
            ):
                st.markdown(ICONS[finding.severity], width="content")
                with st.container(gap=None):
                    cause = finding.cause.summary if finding.cause is not None else ""
                    lines = [text.plain(finding.title)]
                    lines += [f":gray[:small[{text.plain(finding.detail)}]]"]
                    lines += [f":small[Cause: {text.plain(cause)}]"] if cause else []
                    st.markdown("  \n".join(lines))
                    links.draw(finding.page, "Show evidence", icon="arrow_forward", **finding.query)


def draw_reviews(reads: Reads) -> None:
    """Draw the review backlog, with a link if the account may review."""
    found, is_reviewer = reads.ask_ai(read_backlog), may(reads.actor, Permission.ANNOTATE)
    if not found.waiting + found.adjudication:
        return
    waiting = f"{formatting.count(found.waiting, 'message')} to review" if found.waiting else ""
    undecided = f"{found.adjudication:,} to adjudicate" if found.adjudication else ""
    told = " · ".join(filter(None, (waiting, undecided)))
    if is_reviewer:
        links.draw("tuning", told, icon="rate_review", view="queue")
    else:
        st.markdown(f":material/rate_review: {told}")


@errors.part("Quick links")
def draw_ways(reads: Reads) -> None:
    with watch.panel("Quick links"), st.container(gap=None):
        draw_reviews(reads)
        links.draw("ai-metrics", "Slowest requests", icon="speed", order="Slowest")
        links.draw("batch-history", "Latest batch run", icon="view_timeline")
        if may(reads.actor, Permission.READ_CONTENTS):
            links.draw("tuning", "Latest conversations", icon="forum", view="conversations")
        links.draw("overview", "Weekly digests", icon="newspaper", digest="latest")
        if may(reads.actor, Permission.RUN_MODELS):
            links.draw("playground", "Try a prompt", icon="science")
