"""The funnel with who dropped off, and its trends."""

from dataclasses import dataclass

import streamlit as st

from core.activity.funnel_views import FunnelView
from core.activity.queries import events
from core.activity.queries.funnels import funnel_comparison, funnel_counts, funnel_sql
from core.activity.queries.funnels.funnel import Funnel
from core.activity.queries.funnels.segments import Segment
from core.insights.queries.drop_off_errors import drop_off_errors
from pages._ui import errors, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages.watch.onboarding import (
    conversion_charts,
    drop_off_panel,
    funnel_editor,
    funnel_panel,
    funnel_proposal,
    funnel_table,
)
from pages.watch.onboarding.funnel_editor import PAGE


@dataclass(frozen=True)
class FunnelQuestion:
    """The funnel of the address, the segment, and what it counts."""

    funnel: Funnel
    segment: Segment | None
    found: FunnelView
    workspace: Funnel


def read_question(reads: Reads, chosen: Filters) -> FunnelQuestion:
    """Return the funnel's counts; raise FunnelRefused."""
    workspace = reads.ask(funnel_sql.get_workspace_funnel)
    wanted = funnel_editor.read_funnel(workspace)
    segment = Segment.read(chosen["segment"]) if chosen["segment"] else None
    found = reads.ask(funnel_counts.read_funnel, chosen.period, chosen.watched, wanted, segment)
    return FunnelQuestion(wanted, segment, found, workspace)


def draw_funnel_view(reads: Reads, chosen: Filters) -> bool:
    """Draw the funnel; return False when there are no events to export."""
    question = read_question(reads, chosen)
    if question.found.steps[0].users:
        draw_funnel(reads, chosen, question)
        return True
    return draw_nobody(reads, chosen, question)


def draw_trends_view(reads: Reads, chosen: Filters) -> bool:
    """Draw conversion and durations over time, and the users of a clicked bar; return False when
    there are no events to export.
    """
    question = read_question(reads, chosen)
    if not question.found.steps[0].users:
        return draw_nobody(reads, chosen, question)
    conversion_charts.draw(reads, chosen, question.funnel, question.segment)
    if chosen["took"] or chosen["dropped_off_after"]:
        asked = (chosen.period, chosen.watched, question.funnel, question.segment)
        drop_off_panel.draw_chosen_step(reads, chosen, asked, question.found)
    return True


def draw_nobody(reads: Reads, chosen: Filters, question: FunnelQuestion) -> bool:
    """Explain that no user started, or propose a funnel; return whether there are events."""
    if question.funnel == question.workspace and funnel_proposal.draw(reads, chosen):
        return True
    if reads.ask(events.event_type_trends, chosen.period, chosen.watched):
        began = text.plain(question.funnel.steps[0].name)
        st.info(
            f"No users started in this period (no {began} events). Try other steps or a "
            "longer period."
        )
        return True
    watch.nothing_here(PAGE, "events", reads, chosen)
    return False


@errors.part("Funnel")
def draw_funnel(reads: Reads, chosen: Filters, question: FunnelQuestion) -> None:
    """Draw the funnel, and who dropped off at the selected step."""
    found, segment = question.found, question.segment
    asked = (chosen.period, chosen.watched, question.funnel, segment)
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

    # Traits are of users: sessions without one are in no such segment.
    whose = " · identified users only" if segment is not None and segment.trait else ""
    said = funnel_editor.summary(reads, question.funnel, question.workspace)
    note = f"{said}{whose} · times are exact · click a step to see who dropped off"
    with watch.panel("Steps", note):
        funnel_panel.draw_history(found, chosen.period.zone)
        funnel_panel.draw_funnel(found, beside, pick)
        lost = reads.ask(drop_off_errors, *asked)
        funnel_table.draw(found, beside, lost, pick)
    drop_off_panel.draw_chosen_step(reads, chosen, asked, found)
