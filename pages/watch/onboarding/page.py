"""Onboarding: the funnel, drop-offs, errors and events."""

import streamlit as st

from core.activity.funnel_views import FunnelView
from core.activity.queries import event_trends
from core.activity.queries.errors import error_codes
from core.activity.queries.events import EventFilter
from core.activity.queries.funnels import funnel_comparison, funnel_counts, funnel_sql
from core.activity.queries.funnels.funnel import Funnel
from core.activity.queries.funnels.segments import Segment
from core.database.paging import Window
from core.insights.queries.drop_off_errors import drop_off_errors
from core.presentation import formatting
from pages._ui import errors, state, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar, filter_state
from pages._ui.filters.selection import Filters
from pages.watch.onboarding import (
    conversion_charts,
    event_list,
    event_summaries,
    funnel_editor,
    funnel_panel,
    funnel_proposal,
)
from pages.watch.onboarding.funnel_editor import PAGE

OWN = (
    "segment",
    "against",
    "steps",
    "window_days",
    "any_order",
    "step",
    "took",
    "dropped_off_after",
    "event_type",
    "error_code",
    "only_errors",
)
ERRORS = 50
TABLES = {"Export CSV": "onboarding/funnel", "Errors by code": "onboarding/errors"}


def main() -> None:
    reads = watch.reads()
    header = watch.header("Onboarding", "Users by first-step date")
    workspace = reads.ask(funnel_sql.get_workspace_funnel)
    chosen = filter_bar.draw(
        PAGE,
        reads,
        ("app",),
        ("environment", "release", "user_id"),
        own=OWN,
        draw_own=lambda: funnel_editor.draw_choices(reads, workspace),
    )
    wanted = funnel_editor.read_funnel(workspace)
    segment = Segment.read(chosen["segment"]) if chosen["segment"] else None
    found = reads.ask(funnel_counts.read_funnel, chosen.period, chosen.watched, wanted, segment)
    if found.steps[0].users:
        draw_funnel(reads, chosen, wanted, segment, found)
        conversion_charts.draw(reads, chosen, wanted, segment)
    elif not draw_nobody(reads, chosen, wanted, is_workspace=wanted == workspace):
        header.finish(reads, chosen)
        return
    draw_events(reads, chosen)
    header.finish(reads, chosen, csv=TABLES)


def draw_nobody(reads: Reads, chosen: Filters, funnel: Funnel, *, is_workspace: bool) -> bool:
    """Explain that no user started, or propose a funnel; return whether there are events."""
    if is_workspace and funnel_proposal.draw(reads, chosen):
        return True
    if reads.ask(event_trends.event_type_trends, chosen.period, chosen.watched):
        began = text.plain(funnel.steps[0].name)
        st.info(
            f"No users started in this period (no {began} events). Try other steps or a "
            "longer period."
        )
        return True
    watch.nothing_here(PAGE, "events", reads, chosen)
    return False


@errors.part("Funnel")
def draw_funnel(
    reads: Reads, chosen: Filters, funnel: Funnel, segment: Segment | None, found: FunnelView
) -> None:
    """Draw the funnel, and who dropped off at the selected step."""
    asked = (chosen.period, chosen.watched, funnel, segment)
    beside = (
        reads.ask(funnel_comparison.compare_funnels, *asked, chosen["against"])
        if chosen["against"]
        else None
    )

    def pick(step: int) -> None:
        filter_state.put(
            PAGE,
            took="",
            dropped_off_after="",
            step="" if chosen["step"] == str(step) else str(step),
        )
        state.forget(f"{PAGE}.stopped.page")

    # Traits are of users: sessions without one are in no such segment.
    whose = " · identified users only" if segment is not None and segment.trait else ""
    said = funnel_editor.summary(funnel, reads.ask(funnel_sql.get_workspace_funnel))
    note = f"{said}{whose} · times are exact · click a step to see who dropped off"
    with watch.panel("Steps", note):
        funnel_panel.draw_history(found, chosen.period.zone)
        funnel_panel.draw_funnel(found, beside, pick)
        lost = reads.ask(drop_off_errors, *asked)
        funnel_panel.draw_figures(found, beside, lost, pick)
    funnel_panel.draw_chosen_step(reads, chosen, asked, found)


@errors.part("Errors and events")
def draw_events(reads: Reads, chosen: Filters) -> None:
    asked, zone = (chosen.period, chosen.watched), chosen.period.zone

    def pick(**values: str) -> None:
        filter_state.put(PAGE, **values)
        state.forget(event_list.TRAIL)

    def pick_code(code: str) -> None:
        # Most events have no code: of those only the errors are meant.
        pick(error_code=code, **({"only_errors": "true"} if code == formatting.NONE else {}))

    failed = reads.ask(error_codes.list_errors, EventFilter(), *asked, window=Window(ERRORS)).items
    event_summaries.draw_errors(failed, zone, chosen["error_code"], pick_code)
    types = reads.ask(event_trends.event_type_trends, *asked)
    if types:
        grid = st.grid(2, min_column_width=300, gap=("small", "medium"))
        with grid.cell():
            event_summaries.draw_types(types, lambda name: pick(event_type=name))
        with grid.cell():
            event_summaries.draw_type(types, chosen, watch.markers(reads, chosen), pick)
    codes = [group.error_code for group in failed if group.error_code]
    event_list.draw(reads, chosen, [course.event_type for course in types], codes)


with errors.InWords("Onboarding"):
    main()
