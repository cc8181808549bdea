"""Settings, Workspace: default prompt, default model, reporting time zone, and when a batch run is lost."""

import streamlit as st
from pydantic import ValidationError

from core import settings
from core.providers import catalogue
from core.system import workspace
from pages._ui import errors, guard, state

PROMPT, MODEL, ZONE, SILENCE = "workspace.prompt", "workspace.model", "workspace.zone", "workspace.silence"
FIRST = "The first there is"


def draw() -> None:
    """Draw the form, filled with what holds now."""
    with guard.work() as (session, _):
        present = settings.read(session, settings.Workspace)
        models = [model.id for model in catalogue.list_models(session)]
    if present.default_model is not None and present.default_model not in models:
        models.append(present.default_model)
    zones = settings.time_zones()
    with st.form("workspace", border=True, enter_to_submit=False, width=760):
        st.text_area(
            "Default prompt",
            present.default_prompt,
            key=PROMPT,
            height=180,
            max_chars=settings.LONGEST_PROMPT,
            help="The system prompt of the playground, unless somebody overrides it there.",
        )
        options = [FIRST, *models]
        st.selectbox("Default model", options, key=MODEL, index=options.index(present.default_model or FIRST))
        st.selectbox(
            "Reporting time zone",
            zones,
            key=ZONE,
            index=zones.index(present.reporting_time_zone),
            help="Whose midnight ends a day, on every page and for everybody.",
        )
        st.number_input(
            "Minutes of silence after which a batch run is lost",
            min_value=1,
            max_value=10_080,
            value=present.batch_silence_minutes,
            key=SILENCE,
            help="A run that goes on without a word for so long, and has not ended, is shown as lost.",
        )
        st.form_submit_button("Save", type="primary", on_click=save)


@errors.action
def save() -> None:
    """Store what the form holds."""
    model = state.get(MODEL, FIRST)
    try:
        given = settings.Workspace(
            default_prompt=state.get(PROMPT, "").strip(),
            default_model=None if model == FIRST else model,
            reporting_time_zone=state.get(ZONE, "UTC"),
            batch_silence_minutes=state.get(SILENCE, 360),
        )
    except ValidationError:
        state.problem("The default prompt must not be empty.")
        return
    with guard.work() as (session, actor):
        workspace.change(session, given, actor=actor)
    state.toast("Settings saved")
