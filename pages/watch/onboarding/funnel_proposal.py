"""A funnel proposed where events have arrived that the workspace's funnel does not know."""

import streamlit as st

from core.activity import charts as funnel_charts
from core.activity.queries.funnels import funnel, funnel_counts, funnel_proposal
from core.activity.queries.funnels.funnel import Funnel
from core.activity.service import saved_funnels
from core.identity.permissions import Permission, may
from core.presentation import formatting
from pages._ui import cache, charts, errors, guard, links, state, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages.watch.onboarding.funnel_editor import PAGE


def draw(reads: Reads, chosen: Filters) -> bool:
    """Draw the proposal; return whether there is one."""
    period = funnel_proposal.proposal_period(chosen.period)
    found = reads.ask(funnel_proposal.propose_funnel, period, chosen.watched)
    if found is None:
        return False
    view = reads.ask(funnel_counts.read_funnel, period, chosen.watched, found)
    none = text.plain(reads_name(reads))
    st.info(f"No user has started {none}. Below is what your users do most, step by step.")
    with watch.panel("Proposed funnel", f"most common sequence of events · {watch.span(period)}"):
        with st.container(border=True):
            charts.show(funnel_charts.funnel(charts.palette(), view), f"{PAGE}.proposal")
        with st.container(horizontal=True, vertical_alignment="center"):
            if may(reads.actor, Permission.CHANGE_WORKSPACE):
                st.button(
                    "Use as workspace funnel",
                    type="primary",
                    on_click=accept,
                    args=(found,),
                    help="Users, Overview and findings follow it. You can change it at any time.",
                )
                links.draw("settings", "All funnels", icon="tune", section="Onboarding")
            st.button("Show it here only", on_click=show, args=(found,))
    return True


def reads_name(reads: Reads) -> str:
    """Return the workspace funnel's name and first step."""
    workspace = reads.ask(saved_funnels.list_funnels)[0]
    return f"{workspace.name} ({formatting.event(workspace.steps[0].event_types[0])})"


@errors.action
def accept(found: Funnel) -> None:
    """Make the proposal the workspace's funnel."""
    with guard.work() as (session, actor):
        workspace = saved_funnels.list_funnels(session, actor=actor)[0]
        given = saved_funnels.definition_of(workspace.name, found, is_workspace=True)
        saved_funnels.change_funnel(session, workspace.id, given, actor=actor)
    cache.forget()
    show(found)
    state.toast("Workspace funnel saved. Users and Overview follow in a few seconds.")


def show(found: Funnel) -> None:
    """Show these steps on this page, from a callback."""
    filter_state.put(PAGE, steps=funnel.written(found.steps))
