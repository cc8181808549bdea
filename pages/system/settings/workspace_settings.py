"""Settings, Workspace: default prompt and model, time zone, and limits of time."""

import streamlit as st
from pydantic import ValidationError

from core.database import settings
from core.providers import catalogue
from core.system import workspace
from pages._ui import errors, guard, state

PROMPT, MODEL, ZONE, SILENCE = (
    "workspace.prompt",
    "workspace.model",
    "workspace.zone",
    "workspace.silence",
)
STUCK, LATE, ANALYSTS = "workspace.stuck", "workspace.late", "workspace.analysts"
FALLBACK, CACHED = "workspace.fallback", "workspace.cached"
FIRST, NO_FALLBACK = "First available", "None"
WEEK_MINUTES, MONTH_DAYS = 10_080, 30
SAVED_ZONE = "Settings saved. Days are being recomputed; users by day are incomplete until then."


def draw() -> None:
    with guard.work() as (session, actor):
        present = workspace.read(session, actor=actor)
        models = [model.id for model in catalogue.list_models(session)]
    # A model that cannot be called now stays a choice, or saving anything would replace it
    chosen = {present.default_model, present.fallback_model} - {None, *models}
    models += sorted(map(str, chosen))
    zones = settings.time_zones()
    loaded = state.loaded(PROMPT, present)
    with st.form("workspace", border=True, enter_to_submit=False, width=760):
        st.text_area(
            "Default prompt",
            present.default_prompt,
            key=PROMPT,
            height=180,
            max_chars=workspace.MAX_PROMPT_CHARS,
            help=(
                "System prompt used in the playground unless you override it there. Another text "
                "is a new version of the prompt “default”."
            ),
        )
        _draw_models(present, models)
        st.selectbox(
            "Reporting time zone",
            zones,
            key=ZONE,
            index=zones.index(present.reporting_time_zone),
            help="Days start and end at midnight in this zone, for everyone. A change recomputes "
            "all days, which takes minutes with many rows.",
        )
        _draw_times(present)
        st.checkbox(
            "Let analysts read messages",
            present.analysts_read_messages,
            key=ANALYSTS,
            help="Message text, and texts of events and errors. Analysts always see metrics.",
        )
        st.form_submit_button("Save", type="primary", on_click=save, args=(loaded,))


def _draw_times(present: workspace.WorkspaceSettings) -> None:
    _draw_number(
        "Mark a batch run as lost after (minutes without an update)",
        (present.batch_silence_minutes, WEEK_MINUTES),
        SILENCE,
        "A running batch without updates for this long is shown as lost.",
    )
    _draw_number(
        "Mark a user as stuck after (days inactive)",
        (present.stuck_after_days, MONTH_DAYS),
        STUCK,
        "Applies to users in onboarding, within the conversion window.",
    )
    _draw_number(
        "Hold unmatched tool spans for (minutes)",
        (present.late_span_minutes, WEEK_MINUTES),
        LATE,
        (
            "OpenTelemetry can deliver spans out of order. Spans held longer are dropped and "
            "counted."
        ),
    )
    _draw_number(
        "Keep answers in the cache for (minutes)",
        (present.answer_cache_minutes, WEEK_MINUTES),
        CACHED,
        "Identical API calls that ask for it (cache: true) get the same answer.",
    )


def _draw_number(label: str, value: tuple[int, int], key: str, why: str) -> None:
    """Draw a number from 1; `value` is the current one and the maximum."""
    present, most = value
    st.number_input(label, min_value=1, max_value=most, value=present, key=key, help=why)


def _draw_models(present: workspace.WorkspaceSettings, models: list[str]) -> None:
    options = [FIRST, *models]
    st.selectbox(
        "Default model", options, key=MODEL, index=options.index(present.default_model or FIRST)
    )
    st.selectbox(
        "Fallback model",
        [NO_FALLBACK, *models],
        key=FALLBACK,
        index=[NO_FALLBACK, *models].index(present.fallback_model or NO_FALLBACK),
        help="Answers when the provider of another model fails before its answer begins.",
    )


@errors.action
def save(loaded: workspace.WorkspaceSettings) -> None:
    model, fallback = state.get(MODEL, FIRST), state.get(FALLBACK, NO_FALLBACK)
    try:
        given = workspace.WorkspaceSettings(
            default_prompt=state.get(PROMPT, "").strip(),
            default_model=None if model == FIRST else model,
            fallback_model=None if fallback == NO_FALLBACK else fallback,
            reporting_time_zone=state.get(ZONE, "UTC"),
            batch_silence_minutes=state.get(SILENCE, 360),
            stuck_after_days=state.get(STUCK, 3),
            late_span_minutes=state.get(LATE, 1440),
            answer_cache_minutes=state.get(CACHED, 60),
            analysts_read_messages=state.get(ANALYSTS, False),
        )
    except ValidationError:
        state.problem("Enter a default prompt.")
        return
    with guard.work() as (session, actor):
        changed = workspace.change(session, given, actor=actor, loaded=loaded)
    state.put_loaded(PROMPT, changed)
    is_moved = changed.reporting_time_zone != loaded.reporting_time_zone
    state.toast(SAVED_ZONE if is_moved else "Settings saved")
