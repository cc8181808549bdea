"""Settings, Onboarding: the workspace funnel and other saved funnels, each with its versions."""

from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.activity import charts as funnel_charts
from core.activity.queries.funnels import funnel_sql
from core.activity.schemas import (
    MOST_SAVED_STEPS,
    FunnelDefinition,
    FunnelState,
    FunnelVersionView,
    SavedFunnelView,
)
from core.activity.service import saved_funnels
from core.presentation import formatting
from core.presentation.periods import Watched
from core.system import workspace
from pages._ui import cache, charts, columns, dialogs, errors, frame, guard, state, tables, text
from pages._ui.funnels import funnel_progress
from pages._ui.funnels.funnel_steps import StepsForm

FORM = StepsForm("funnel_settings", MOST_SAVED_STEPS, is_labeled=True)
CHOSEN, NAME, IS_WORKSPACE = (
    "funnel_settings.chosen",
    "funnel_settings.name",
    "funnel_settings.is_workspace",
)
# A widget's value can be set only before it is drawn
SAVED_NOW = "funnel_settings.saved_now"
LOADED = "funnel_settings.loaded"
NEW = "New funnel"


def draw() -> None:
    with guard.work() as (session, actor):
        saved = saved_funnels.list_funnels(session, actor=actor)
        types = funnel_sql.list_step_types(session, actor=actor)
    st.caption(
        "The workspace funnel sets users' steps and statuses, and the Overview's conversion. "
        "Other saved funnels can be opened on Onboarding."
    )
    chosen = _choose(saved)
    _draw_state(chosen)
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
    if chosen is not None:
        _draw_versions(chosen)


def _choose(saved: list[SavedFunnelView]) -> SavedFunnelView | None:
    names = {str(each.id): each.name for each in saved}
    options = [*names, NEW]
    saved_now = state.take(SAVED_NOW)
    if saved_now is not None:
        state.put(CHOSEN, saved_now)
    if state.get(CHOSEN, None) not in options:
        state.put(CHOSEN, options[0])
    st.selectbox(
        "Funnel",
        options,
        key=CHOSEN,
        format_func=lambda id_: _title(names.get(id_, NEW), is_first=id_ == options[0]),
        on_change=FORM.forget,
        width=400,
    )
    found = next((each for each in saved if str(each.id) == state.get(CHOSEN, "")), None)
    if not FORM.is_open:
        _open(found, saved[0])
    return found


def _title(name: str, *, is_first: bool) -> str:
    return f"{name} (workspace)" if is_first else name


def _open(chosen: SavedFunnelView | None, workspace_funnel: SavedFunnelView) -> None:
    FORM.open(saved_funnels.funnel_from(chosen or workspace_funnel))
    state.put(LOADED, chosen)
    state.put(NAME, chosen.name if chosen is not None else "")
    state.put(IS_WORKSPACE, chosen is not None and chosen.is_workspace)


def _draw_state(chosen: SavedFunnelView | None) -> None:
    """Say how far a funnel is prepared, or since when its events are known."""
    if chosen is None:
        return
    funnel_progress.draw(chosen)
    if chosen.state is FunnelState.READY and chosen.history_since is not None:
        since = formatting.moment(chosen.history_since, workspace.zone())
        st.caption(f"Events of all steps are known since {since}.")


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


def _draw_versions(chosen: SavedFunnelView) -> None:
    with guard.work() as (session, actor):
        versions = saved_funnels.list_versions(session, chosen.id, actor=actor)
    zone = workspace.zone()
    shown: list[tables.TableColumn[FunnelVersionView]] = [
        columns.number("Version", lambda row: row.number, width=80),
        columns.text("Steps", _steps_of, width=520),
        columns.text("Window", lambda row: formatting.count(row.window_days, "day"), width=90),
        columns.moment("Saved", lambda row: row.created_at, zone),
        columns.text("In use", lambda row: "yes" if row.is_applied else "", width=70),
    ]
    frame.section("Versions", "newest first · click one to edit from it")
    tables.draw(versions, shown, "versions", key="funnel_settings.versions", on_open=_edit_from)


def _steps_of(row: FunnelVersionView) -> str:
    return " → ".join(step.title for step in saved_funnels.funnel_from(row).steps)


def _edit_from(row: FunnelVersionView) -> None:
    FORM.open(saved_funnels.funnel_from(row))
