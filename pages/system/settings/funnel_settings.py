"""Settings, Onboarding: the workspace funnel and other saved funnels, each with its versions."""

import streamlit as st

from core.activity.queries.funnels import funnel_sql
from core.activity.schemas import FunnelState, FunnelVersionView, SavedFunnelView
from core.activity.service import saved_funnels
from core.presentation import formatting
from core.system import workspace
from pages._ui import columns, frame, guard, state, tables
from pages._ui.funnels import funnel_progress
from pages.system.settings import funnel_form

CHOSEN = "funnel_settings.chosen"
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
    funnel_form.draw(chosen, types)
    if chosen is not None:
        _draw_versions(chosen)


def _choose(saved: list[SavedFunnelView]) -> SavedFunnelView | None:
    names = {str(each.id): each.name for each in saved}
    options = [*names, NEW]
    saved_now = state.take(funnel_form.SAVED_NOW)
    if saved_now is not None:
        state.put(CHOSEN, saved_now)
    if state.get(CHOSEN, None) not in options:
        state.put(CHOSEN, options[0])
    st.selectbox(
        "Funnel",
        options,
        key=CHOSEN,
        format_func=lambda id_: _title(names.get(id_, NEW), is_first=id_ == options[0]),
        on_change=funnel_form.FORM.forget,
        width=400,
    )
    found = next((each for each in saved if str(each.id) == state.get(CHOSEN, "")), None)
    if not funnel_form.FORM.is_open:
        funnel_form.begin(found, saved[0])
    return found


def _title(name: str, *, is_first: bool) -> str:
    return f"{name} (workspace)" if is_first else name


def _draw_state(chosen: SavedFunnelView | None) -> None:
    """Say how far a funnel is prepared, or since when its events are known."""
    if chosen is None:
        return
    funnel_progress.draw(chosen)
    if chosen.state is FunnelState.READY and chosen.history_since is not None:
        since = formatting.moment(chosen.history_since, workspace.zone())
        st.caption(f"Events of all steps are known since {since}.")


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
    funnel_form.FORM.open(saved_funnels.funnel_from(row))
