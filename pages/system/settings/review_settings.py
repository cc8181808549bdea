"""Settings, Review: guidelines, tags and what joins the queue."""

from typing import Any

import streamlit as st
from pydantic import ValidationError

from core.annotations import settings
from core.annotations.schemas import LONGEST_TEXT
from core.annotations.score_rules import of_line
from core.presentation.validation import message_of
from pages._ui import errors, guard, state

NAMES = (
    "guidelines",
    "tags",
    "sample_share",
    "double_share",
    "score_rules",
    "slow_ms",
    "lease_minutes",
    "single_keys",
)


def draw() -> None:
    with guard.work() as (core, actor):
        present = settings.read(core, actor=actor)
    loaded = state.loaded(_key("guidelines"), present)
    with st.form("review", border=True, enter_to_submit=False, width=760):
        st.text_area(
            "Guidelines",
            present.guidelines,
            key=_key("guidelines"),
            height=220,
            max_chars=LONGEST_TEXT,
            placeholder="Markdown. What counts as a correction, what is critical, what to skip.",
            help="Shown to reviewers next to the form.",
        )
        st.text_area(
            "Tags",
            "\n".join(present.tags),
            key=_key("tags"),
            height=150,
            help="One per line. Reviewers can add their own.",
        )
        st.text_area(
            "Score rules",
            "\n".join(map(str, present.score_rules)),
            key=_key("score_rules"),
            height=100,
            placeholder="helpfulness < 0.5",
            help="Adds matching answers. One per line: name < 0.5, name > 0.5 or name = label.",
        )
        _draw_shares(present)
        st.number_input(
            "Slow answer threshold (seconds)",
            min_value=0.001,
            max_value=86_400.0,
            value=present.slow_ms / 1000,
            format="%g",
            key=_key("slow_ms"),
        )
        st.number_input(
            "Assignment time (minutes)",
            min_value=1,
            max_value=1440,
            value=present.lease_minutes,
            key=_key("lease_minutes"),
            help="After this time, another reviewer can get the message.",
        )
        st.checkbox(
            "Single-key shortcuts in the queue",
            present.single_keys,
            key=_key("single_keys"),
            help="Reviewers can turn them off for themselves under Shortcuts.",
        )
        st.form_submit_button("Save", type="primary", on_click=save, args=(loaded,))


def _draw_shares(present: settings.ReviewSettings) -> None:
    shares = {
        "sample_share": ("Random sample (% of remaining answers)", present.sample_share),
        "double_share": ("Double review (% of queue, independently)", present.double_share),
    }
    for name, (label, value) in shares.items():
        st.number_input(
            label,
            min_value=0.0,
            max_value=100.0,
            # As exact as it is stored: a save of other fields must not change it
            value=round(value * 100, 4),
            step=1.0,
            format="%g",
            key=_key(name),
        )


@errors.action
def save(loaded: settings.ReviewSettings) -> None:
    given: dict[str, Any] = {name: state.get(_key(name), None) for name in NAMES}
    given["tags"] = [line for line in str(given["tags"] or "").splitlines() if line.strip()]
    try:
        lines = str(given["score_rules"] or "").splitlines()
        given["score_rules"] = [of_line(line) for line in lines if line.strip()]
    except ValueError as error:
        state.problem(str(error))
        return
    for name in ("sample_share", "double_share"):
        # Rounded: 1.1 % would be 0.011000000000000001
        given[name] = round((given[name] or 0) / 100, 6)
    given["slow_ms"] = round((given["slow_ms"] or 0) * 1000)
    try:
        wanted = settings.ReviewSettings.model_validate(given)
    except ValidationError as error:
        state.problem(message_of(error.errors()[0]))
        return
    with guard.work() as (core, actor):
        changed = settings.change(core, wanted, actor=actor, loaded=loaded)
    state.put_loaded(_key("guidelines"), changed)
    state.toast("Review settings saved")


def _key(name: str) -> str:
    return f"review_settings.{name}"
