"""The prompt of a column: the default, a text, a version of a prompt with its values, or a bot."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from core.playground.schemas import MAX_PROMPT_CHARS
from pages._ui import errors, state
from pages.test.playground.settings import stored_prompts

DEFAULT, CUSTOM = "Default prompt", "Custom prompt"
FIXED = {DEFAULT: DEFAULT, CUSTOM: CUSTOM}


class PromptChoice:
    """The fields of one column; `letter` is its name."""

    def __init__(self, letter: str) -> None:
        self._letter = letter

    def _key(self, name: str) -> str:
        return f"comparison.{name}.{self._letter}"

    def _value_key(self, name: str) -> str:
        return self._key(f"value.{self._option}.{name}")

    @property
    def _option(self) -> str:
        return state.get(self._key("prompt"), DEFAULT)

    @property
    def stored(self) -> tuple[str, int | None] | None:
        """The stored prompt or bot and its version, None for the newest; or None."""
        if self._option in FIXED:
            return None
        return self._option, state.get(self._key("version"), 0) or None

    def draw(self, options: Mapping[str, str], on_change: Callable[[], None]) -> None:
        """Draw the fields; `on_change` follows another stored prompt, bot or version."""
        titles = {**FIXED, **options}
        if self._option not in titles:  # it was deleted or renamed meanwhile
            state.put(self._key("prompt"), DEFAULT)
        st.selectbox(
            f"Prompt {self._letter}",
            list(titles),
            key=self._key("prompt"),
            format_func=titles.__getitem__,
            on_change=on_change,
        )
        if self._option == CUSTOM:
            st.text_area(
                f"System prompt {self._letter}",
                key=self._key("custom"),
                height=120,
                max_chars=MAX_PROMPT_CHARS,
            )
        elif self._option != DEFAULT:
            self._draw_version(on_change)

    def _draw_version(self, on_change: Callable[[], None]) -> None:
        st.number_input(
            f"Version {self._letter}",
            key=self._key("version"),
            min_value=1,
            value=None,
            placeholder="Newest",
            on_change=on_change,
        )
        with errors.InForm(st.container()):
            if self.stored is not None:
                stored_prompts.draw_values(*self.stored, self._value_key)

    def fields(self) -> dict[str, Any]:
        """Return the prompt as a column has it; raise NotFound or Invalid."""
        if self.stored is None:
            custom = state.get(self._key("custom"), "") if self._option == CUSTOM else None
            return {"custom_prompt": custom}
        option, version = self.stored
        if bot_id := stored_prompts.bot_of(option):
            return {"bot_id": bot_id, "bot_version": version}
        return {
            "prompt": stored_prompts.prompt_of(option),
            "prompt_version": version,
            "variables": stored_prompts.read_values(option, version, self._value_key),
        }
