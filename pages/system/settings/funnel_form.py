"""The form of a saved funnel: its name, steps and window, and what can be done with them."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.activity import charts as funnel_charts
from core.activity.schemas import MOST_SAVED_STEPS, FunnelDefinition, SavedFunnelView
from core.activity.service import saved_funnels
from core.presentation import formatting
from core.presentation.periods import Watched
from core.system import workspace
from pages._ui import cache, charts, dialogs, errors, frame, guard, state, text
from pages._ui.funnels.funnel_steps import StepsForm

FORM = StepsForm("funnel_settings", MOST_SAVED_STEPS, is_labeled=True)
NAME, IS_WORKSPACE = "funnel_settings.name", "funnel_settings.is_workspace"
# A widget's value can be set only before it is drawn
SAVED_NOW = "funnel_settings.saved_now"
LOADED = "funnel_settings.loaded"


def draw(chosen: SavedFunnelView | None, types: Sequence[str]) -> None:
    """Draw the form, with the funnel that `begin` put into it."""
    with st.container(border=True, width=860):
        st.text_input("Name", key=NAME, max_chars=80, width=400)
        FORM.draw_steps(types)
        FORM.draw_add()
        FORM.draw_window()
        st.checkbox(
            "Workspace funnel",
            key=IS_WORKSPACE,
            disabled=chosen is not None and chosen.is_workspace,
            help="Users, Overview and findings follow it. Exactly one funnel is.",
        )
        place = st.container()
        _draw_buttons(chosen, place)


def begin(chosen: SavedFunnelView | None, workspace_funnel: SavedFunnelView) -> None:
    """Put the chosen funnel into the form, else the steps of the workspace funnel."""
    FORM.open(saved_funnels.funnel_from(chosen or workspace_funnel))
    state.put(LOADED, chosen)
    state.put(NAME, chosen.name if chosen is not None else "")
    state.put(IS_WORKSPACE, chosen is not None and chosen.is_workspace)


def _draw_buttons(chosen: SavedFunnelView | None, place: DeltaGenerator) -> None:
    with st.container(horizontal=True):
        is_saved = st.button("Save", type="primary", key="funnel_settings.save")
        is_previewed = st.button("Preview last 30 days", key="funnel_settings.preview")
        if chosen is not None and not chosen.is_workspace:
            is_asked = st.button("Delete", type="tertiary", key="funnel_settings.delete")
            if is_asked:  # no callback, which would ask about the funnel chosen before
                _ask_to_delete(chosen)
    with errors.InForm(place):
        if is_saved:
            _save(chosen)
            st.rerun()
        if is_previewed:
            _preview()


def _definition() -> FunnelDefinition:
    """Return what is in the form; raise FunnelRefused."""
    return saved_funnels.definition_of(
        state.get(NAME, ""), FORM.funnel, is_workspace=state.get(IS_WORKSPACE, False)
    )


def _save(chosen: SavedFunnelView | None) -> None:
    given = _definition()
    with guard.work() as (session, actor):
        if chosen is None:
            saved = saved_funnels.create_funnel(session, given, actor=actor)
        else:
            saved = saved_funnels.change_funnel(
                session, chosen.id, given, actor=actor, loaded=state.get(LOADED, chosen)
            )
    cache.forget()
    FORM.forget()
    state.put(SAVED_NOW, str(saved.id))
    state.toast(f"{saved.name} saved as version {saved.version}")


def _preview() -> None:
    given = _definition()
    with guard.work() as (session, actor):
        found = saved_funnels.preview_funnel(
            session, given, Watched(), workspace.zone(), actor=actor
        )
    frame.section("Preview", "last 30 days, production")
    charts.show(funnel_charts.funnel(charts.palette(), found), "funnel_settings.funnel")


def _ask_to_delete(chosen: SavedFunnelView) -> None:
    dialogs.confirm(
        "Delete this funnel?",
        text.plain(f"{chosen.name} and its {formatting.count(chosen.version, 'version')}."),
        "Delete funnel",
        _delete,
        chosen.id,
        key="funnel_settings.delete",
    )


@errors.action
def _delete(funnel_id: UUID) -> None:
    with guard.work() as (session, actor):
        saved_funnels.delete_funnel(session, funnel_id, actor=actor)
    cache.forget()
    FORM.forget()
    state.toast("Funnel deleted")
