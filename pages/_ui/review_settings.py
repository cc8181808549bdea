"""Settings, Review: what reviewers go by, which tags they are offered, and what joins the queue."""

from typing import Any

import streamlit as st
from pydantic import ValidationError

from core.annotations import settings
from core.annotations.schemas import LONGEST_TEXT
from pages._ui import errors, guard, state

NAMES = ("guidelines", "tags", "sample_share", "double_share", "slow_ms", "lease_minutes", "single_keys")


def draw() -> None:
    """Draw the form, filled with what holds now."""
    with guard.work() as (core, actor):
        present = settings.read(core, actor=actor)
    with st.form("review", border=True, enter_to_submit=False, width=760):
        st.text_area(
            "Guidelines",
            present.guidelines,
            key=_key("guidelines"),
            height=220,
            max_chars=LONGEST_TEXT,
            placeholder="In Markdown: what is a correction here, what is critical, what to leave.",
            help="They stand beside the form of every reviewer.",
        )
        st.text_area(
            "Tags", "\n".join(present.tags), key=_key("tags"), height=150, help="One a line. Reviewers may write others."
        )
        shares = {
            "sample_share": ("Percent of the other answers that are reviewed, at random", present.sample_share),
            "double_share": ("Percent of the queue that two people review, each for himself", present.double_share),
        }
        for name, (label, value) in shares.items():
            st.number_input(label, min_value=0.0, max_value=100.0, value=round(value * 100, 2), step=1.0, key=_key(name))
        st.number_input(
            "Seconds after which an answer is slow",
            min_value=0.1,
            max_value=86_400.0,
            value=present.slow_ms / 1000,
            key=_key("slow_ms"),
        )
        st.number_input(
            "Minutes for which an item is one reviewer's",
            min_value=1,
            max_value=1440,
            value=present.lease_minutes,
            key=_key("lease_minutes"),
            help="After them, another one may get it.",
        )
        st.checkbox(
            "Single keys act in the queue",
            present.single_keys,
            key=_key("single_keys"),
            help="Each reviewer can switch them off for himself, under Keys.",
        )
        st.form_submit_button("Save", type="primary", on_click=save)


@errors.action
def save() -> None:
    """Store what the form holds."""
    given: dict[str, Any] = {name: state.get(_key(name), None) for name in NAMES}
    given["tags"] = [line for line in str(given["tags"] or "").splitlines() if line.strip()]
    for name in ("sample_share", "double_share"):
        given[name] = round((given[name] or 0) / 100, 6)
    given["slow_ms"] = round((given["slow_ms"] or 0) * 1000)
    try:
        wanted = settings.Review.model_validate(given)
    except ValidationError as error:
        state.problem(error.errors()[0]["msg"].removeprefix("Value error, "))
        return
    with guard.work() as (core, actor):
        settings.change(core, wanted, actor=actor)
    state.toast("Saved")


def _key(name: str) -> str:
    return f"review_settings.{name}"
