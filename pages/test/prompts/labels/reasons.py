"""Reasons to move a label past its gate; they are kept."""

from collections.abc import Callable

import streamlit as st

from core.errors import Invalid
from core.promotions.errors import ReasonMissing
from core.promotions.schemas import MIN_REASON_CHARS
from pages._ui import dialogs, state

USUAL = ("Wrong answers in production", "More errors in production", "Too slow or too expensive")
ASKED = "prompts.reason"


def draw_field(key: str, label: str = "Reason") -> None:
    st.text_input(
        label,
        key=key,
        max_chars=1000,
        placeholder=f"At least {MIN_REASON_CHARS} characters, kept in the audit log",
    )


def read(key: str) -> str | None:
    """Return the reason that was entered, None without one; raise Invalid for a short one."""
    entered: str = (state.get(key, "") or "").strip()
    if entered and len(entered) < MIN_REASON_CHARS:
        raise Invalid(f"Enter a reason of at least {MIN_REASON_CHARS} characters.")
    return entered or None


def require(key: str) -> str:
    """Return the reason that was entered; raise Invalid without one."""
    reason = read(key)
    if reason is None:
        raise ReasonMissing
    return reason


def ask(title: str, body: str, label: str, act: Callable[[str], None]) -> None:
    """Ask for a reason before `act(reason)`, from a callback; `label` is on the button."""
    state.forget(ASKED)

    @st.dialog(title)
    def form() -> None:
        st.caption(body)
        draw_field(ASKED)
        dialogs.submit(label, lambda: act(require(ASKED)), key=ASKED)

    form()
