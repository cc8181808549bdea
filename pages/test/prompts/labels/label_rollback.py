"""Point a label at its previous version again, with a reason where it has a gate."""

import streamlit as st

from core.promotions import service as promotions
from core.promotions.schemas import NewRollback
from core.prompts.service import prompts
from core.prompts.views import PromptView
from pages._ui import errors, guard, state
from pages.test.prompts.labels import label_move, reasons


def draw(prompt: PromptView, name: str, version: int, *, needs_reason: bool) -> None:
    """Draw the way back in one click; with a gate, the click names a reason."""
    # By the prompt, too: most have a label of this name, and a reason is about one of them
    words, key = f"Roll back to version {version}", f"prompts.label.{prompt.id}.{name}.back"
    if not needs_reason:
        st.button(
            words, icon=":material/undo:", key=key, on_click=roll_back, args=(prompt, name, None)
        )
        return
    # By the version, so that it closes once the label is there
    with st.popover(words, icon=":material/undo:", key=f"{key}.to.{version}"):
        st.caption("Choose a reason. It is kept; no evaluation is required.")
        for number, reason in enumerate(reasons.USUAL):
            st.button(
                reason,
                key=f"{key}.{number}",
                type="tertiary",
                on_click=roll_back,
                args=(prompt, name, reason),
            )
        reasons.draw_field(f"{key}.reason", "Another reason")
        st.button(
            "Roll back",
            key=f"{key}.other",
            on_click=roll_back_as_written,
            args=(prompt, name, f"{key}.reason"),
        )


@errors.action
def roll_back_as_written(prompt: PromptView, name: str, key: str) -> None:
    roll_back(prompt, name, reasons.require(key))
    state.forget(key)


@errors.action
def roll_back(prompt: PromptView, name: str, reason: str | None) -> None:
    rollback = NewRollback(reason=reason)
    with guard.work() as (session, actor):
        _, present = prompts.lock_editable(session, prompt.id, actor=actor)
        # Two admins who press it at once would go back two versions
        advice = "Look at it before you roll it back."
        label_move.check_is_where_shown(name, prompt, present, advice)
        found = promotions.roll_back(session, prompt.id, name, rollback, actor=actor)
    version = next(label.version for label in found.labels if label.name == name)
    state.toast(f"{name} points at version {version} again")
