"""The dialog that fills the settings in from a stored prompt or bot."""

from functools import partial
from typing import NamedTuple

import streamlit as st

from core.playground.errors import SystemPromptTooLong
from core.playground.schemas import MAX_PROMPT_CHARS
from core.providers.schemas import ModelView
from pages._ui import dialogs, errors, state
from pages.test.playground.settings import stored_prompts
from pages.test.playground.settings.stored_prompts import StoredSettings

OPTION, VERSION, FILLED = "playground.saved.option", "playground.saved.version", "playground.saved"


class Filled(NamedTuple):
    """What was chosen in the dialog, for the editor of the next run."""

    key: str
    settings: StoredSettings
    text: str


def take(key: str) -> Filled | None:
    """Return once what was chosen in the dialog that the button of this key opened, or None."""
    filled: Filled | None = state.take(FILLED)
    return filled if filled is not None and filled.key == key else None


def draw_button(key: str, model: ModelView | None) -> None:
    st.button(
        "Use saved prompt or bot",
        key=key,
        type="tertiary",
        icon=":material/bookmark:",
        help="Fill in the text, model and parameters of a stored prompt or bot.",
        on_click=open_dialog,
        args=(key, model),
    )


@errors.action
def open_dialog(key: str, model: ModelView | None) -> None:
    state.forget(OPTION, VERSION)
    options = stored_prompts.read_options()

    @st.dialog("Use saved prompt or bot")
    def form() -> None:
        option = st.selectbox(
            "Prompt or bot",
            list(options),
            index=None,
            key=OPTION,
            format_func=options.__getitem__,
            placeholder="Choose one" if options else "None saved yet",
        )
        if option is None:
            return
        version = st.number_input(
            "Version", min_value=1, value=None, key=VERSION, placeholder="Newest"
        )
        with errors.InForm(st.container()):
            stored_prompts.draw_values(option, version, _value_key)
            act = partial(choose, key, option, version, model)
            dialogs.submit("Use", act, key="playground.saved.form")

    form()


def _value_key(name: str) -> str:
    return f"playground.saved.value.{state.get(OPTION, '')}.{name}"


def choose(key: str, option: str, version: int | None, model: ModelView | None) -> None:
    """Keep what was chosen for the next run; raise what rendering a prompt raises."""
    values = stored_prompts.read_values(option, version, _value_key)
    text = stored_prompts.read_text(option, version, values)
    if len(text) > MAX_PROMPT_CHARS:
        raise SystemPromptTooLong
    settings = stored_prompts.read_settings(option, version, model)
    state.put(FILLED, Filled(key, settings, text))
