"""The funnel's segment, comparison and steps, chosen in the bar and a dialog and kept in the
address.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from core.activity.errors import FunnelRefused
from core.activity.queries.funnels import funnel, funnel_comparison, funnel_sql, segments
from core.activity.queries.funnels.funnel import MOST_STEPS, Funnel, Step
from core.activity.service import saved_funnels
from core.presentation.periods import Watched, is_count
from pages._ui import errors, state, text
from pages._ui.cache import Reads
from pages._ui.filters import filter_state
from pages._ui.funnels.funnel_steps import StepsForm

PAGE = "onboarding"
FORM = StepsForm("funnel_editor", MOST_STEPS)


def summary(reads: Reads, chosen: Funnel, applied: Funnel) -> str:
    """Return a funnel in words; `applied` is the workspace's that users' statuses follow now."""
    optional = sum(step.optional for step in chosen.steps)
    is_workspace = chosen.steps == applied.steps or chosen.steps == _saved_steps(reads)
    steps = "workspace funnel" if is_workspace else f"{len(chosen.steps)} steps"
    left_out = f", {optional} optional" if optional else ""
    order = "in any order" if chosen.any_order else "in order"
    return f"{steps}{left_out}, {order}, {chosen.window.days}-day conversion window"


def _saved_steps(reads: Reads) -> tuple[Step, ...]:
    """Return the steps of the workspace funnel's last save, which a job has yet to apply."""
    return saved_funnels.funnel_from(reads.ask(saved_funnels.list_funnels)[0]).steps


def read_funnel(workspace: Funnel) -> Funnel:
    """Return the funnel of the address: what it leaves out is as in the workspace's; raise
    FunnelRefused.
    """
    days = state.get(f"{PAGE}.window_days", "") or str(workspace.window.days)
    any_order = state.get(f"{PAGE}.any_order", "")
    steps = state.get(f"{PAGE}.steps", "")
    wanted = funnel.read(
        steps or funnel.written(workspace.steps),
        int(days) if is_count(days) else 0,
        any_order=any_order == "true" if any_order else workspace.any_order,
    )
    # As they are saved: what is written in an address has no labels
    return wanted if steps else replace(wanted, steps=workspace.steps)


def draw_choices(reads: Reads) -> None:
    """Draw the segment, the comparison and the button that edits the steps."""
    workspace = reads.ask(funnel_sql.get_workspace_funnel)
    place = Watched(
        state.get(f"{PAGE}.environment", "") or "production", state.get(f"{PAGE}.app", "") or None
    )
    names = {each.segment: each.name for each in reads.ask(segments.list_segments, place)}
    _choose("segment", "Segment", names, {"": "All users"})
    _choose(
        "against",
        "Compare with",
        names,
        {"": "No comparison", funnel_comparison.PREVIOUS: "Previous period"},
    )
    if st.button(
        "Edit steps",
        icon=":material/format_list_numbered:",
        on_click=FORM.open,
        args=(read_funnel(workspace),),
    ):
        saved = reads.ask(saved_funnels.list_funnels)
        funnels = {each.name: saved_funnels.funnel_from(each) for each in saved}
        edit(reads.ask(funnel_sql.list_step_types), workspace, funnels)


def _choose(name: str, label: str, names: dict[str, str], first: dict[str, str]) -> None:
    key = f"{PAGE}.{name}"
    value = state.get(key, "") or ""
    st.selectbox(
        label,
        list(dict.fromkeys([*first, *names, value])),
        key=key,
        format_func=lambda each: first.get(each) or names.get(each) or each,
        label_visibility="collapsed",
        accept_new_options=True,  # any other trait, or days: 2026-10-01..2026-10-08
        width=132,  # the bar is one row at 1440 pixels, beside a scrollbar
    )


@st.dialog("Edit funnel steps", width="medium")
def edit(types: Sequence[str], workspace: Funnel, saved: Mapping[str, Funnel]) -> None:
    st.caption(
        "A step is reached at its first event after the previous step. With several event "
        "types, any of them counts."
    )
    with st.container(horizontal=True):
        for name, each in saved.items():
            st.button(
                text.plain(name),
                type="tertiary",
                on_click=FORM.open,
                args=(each,),
                help="Start from this saved funnel",
            )
    FORM.draw_steps(types)
    FORM.draw_add()
    FORM.draw_window()
    place = st.container()
    if st.button("Apply", type="primary"):
        with errors.InForm(place):
            apply(workspace)
            st.rerun()


def apply(workspace: Funnel) -> None:
    """Write the draft into the address; raise FunnelRefused."""
    draft = FORM.funnel
    days = draft.window.days
    # In an address, `a,b` would be two steps
    if any(set(",|?") & set(name) for step in draft.steps for name in step.event_types):
        raise FunnelRefused("Event types with a comma, | or ? can't be steps of a funnel.")
    wanted = funnel.read(funnel.written(draft.steps), days, any_order=draft.any_order)
    filter_state.put(
        PAGE,
        steps="" if wanted.steps == workspace.steps else funnel.written(wanted.steps),
        window_days="" if wanted.window == workspace.window else str(days),
        any_order=(
            "" if wanted.any_order == workspace.any_order else str(wanted.any_order).lower()
        ),
        # The chosen step was one of the funnel before
        step="",
    )
