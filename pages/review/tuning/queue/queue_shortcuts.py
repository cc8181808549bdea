"""The actions above the queue: undo, stop, and its keyboard shortcuts."""

import streamlit as st

from core.presentation import formatting
from pages._ui import state
from pages.review.tuning.queue import adjudication_actions, queue_session, review_actions

KEYS = {
    "Ctrl + Enter": "Save and next (also inside a field)",
    "1 2 3 4": "Type: correction, improvement, flag or approved",
    "5 6 7": "Severity: minor, moderate or critical",
    "E": "Edit suggested response",
    "A": "Use the user's edit as suggested response",
    "T": "Edit tags",
    "M": "Edit comment",
    "Esc": "Leave the field",
    "J": "Next: keep this one for later as a draft",
    "K": "Previous: go back to edit a saved item or resume one you left",
    "S": "Skip: leave it to other reviewers",
    "U": "Undo the last save or skip (repeatable)",
    "?": "Show shortcuts",
}
DECIDING_KEYS = {
    "1 2 3": "Accept the first, second or third annotation",
    "N": "Accept neither",
    "W": "Write my own; Ctrl + Enter saves it",
    "J": "Next: decide this one later",
    "U": "Undo the last decision (repeatable)",
    "?": "Show shortcuts",
}
SWITCH = "review.switch"


def draw(*, has_keys: bool) -> None:
    session = queue_session.current()
    if session.actions:
        shortcut = "U" if has_keys else None
        about = f"Undo up to {formatting.count(len(session.actions), 'action')}"
        st.button(
            "Undo",
            key="review.undo",
            icon=":material/undo:",
            type="tertiary",
            shortcut=shortcut,
            help=about,
            on_click=review_actions.undo,
        )
    if session.shown is not None:
        st.button(
            "Stop reviewing",
            key="review.stop",
            type="tertiary",
            help="Returns the current message to the queue.",
            on_click=review_actions.stop,
        )
    draw_shortcuts()


def draw_shortcuts() -> None:
    with st.container(key="page-shortcuts", width="content"):
        st.button(
            "Shortcuts",
            key="review.keys",
            icon=":material/keyboard:",
            type="tertiary",
            help="Press ?",
            on_click=show_keys,
        )


@st.dialog("Keyboard shortcuts")
def show_keys() -> None:
    """Show the shortcuts, and a switch for them."""
    keys = DECIDING_KEYS if adjudication_actions.is_open() else KEYS
    rows = "\n".join(f"| `{key}` | {does} |" for key, does in keys.items())
    st.markdown(f"| Key | Action |\n|---|---|\n{rows}")
    present = state.get(queue_session.HAS_KEYS, True)
    state.seed(SWITCH, present)
    about = "Ctrl+Enter always works. Single keys are ignored while you type."
    if st.toggle("Single-key shortcuts", key=SWITCH, help=about) != present:
        state.put(queue_session.HAS_KEYS, not present)
        state.toast("Single-key shortcuts off" if present else "Single-key shortcuts on")
        st.rerun()
