"""Remove a label, with a reason where it has a gate."""

from functools import partial

import streamlit as st

from core.promotions import service as promotions
from core.prompts.views import PromptView
from pages._ui import dialogs, errors, guard, state, text
from pages.test.prompts.labels import reasons


def draw(prompt: PromptView, name: str, *, needs_reason: bool) -> None:
    st.button(
        "Remove",
        type="tertiary",
        key=f"prompts.label.{name}.remove",
        on_click=ask_to_remove,
        args=(prompt, name),
        kwargs={"needs_reason": needs_reason},
    )


def ask_to_remove(prompt: PromptView, name: str, *, needs_reason: bool) -> None:
    body = text.plain(f"Calls of {prompt.name}@{name} will fail. Its history stays.")
    title, label = "Remove this label?", "Remove label"
    if needs_reason:
        reasons.ask(title, body, label, partial(_remove, prompt, name))
    else:
        dialogs.confirm(title, body, label, remove, prompt, name, key="prompts.label.remove")


@errors.action
def remove(prompt: PromptView, name: str) -> None:
    _remove(prompt, name, None)


def _remove(prompt: PromptView, name: str, reason: str | None) -> None:
    with guard.work() as (session, actor):
        promotions.remove_label(session, prompt.id, name, reason, actor=actor)
    state.toast("Label removed")
