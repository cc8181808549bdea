"""The system prompt beside the chat: what is typed, or the default."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import streamlit as st

from core.playground.schemas import MAX_PROMPT_CHARS
from pages._ui import diff, state


@dataclass(frozen=True)
class PromptField:
    """The field of a session, and the prompt that holds while it is empty."""

    session_id: UUID
    default: str

    @property
    def key(self) -> str:
        """The widget's key. A prompt that the page fills in is in another field: of the one before,
        a press at once sends what it held.
        """
        return f"playground.prompt.{state.get(self._fills, 0)}.{self.session_id}"

    @property
    def _fills(self) -> str:
        return f"playground.prompt_fills.{self.session_id}"

    @property
    def text(self) -> str:
        return state.get(self.key, "").strip()

    @property
    def custom(self) -> str | None:
        """The prompt, None if it is the default."""
        return self.text if self.text and self.text != self.default.strip() else None

    def draw(self, on_change: Callable[[], None]) -> None:
        st.text_area(
            "System prompt",
            key=self.key,
            height=200,
            max_chars=MAX_PROMPT_CHARS,
            on_change=on_change,
            placeholder="Leave empty to use the default prompt",
        )

    def draw_state(self, on_change: Callable[[], None]) -> None:
        """Draw whether the prompt is the default, what is changed, and the ways back."""
        self._draw_length()
        if self.custom:
            st.caption("Changes from default")
            with st.container(border=True):
                diff.draw(self.default, self.custom)
        with st.container(horizontal=True, gap="xsmall"):
            st.button(
                "Clear prompt",
                key=f"playground.use_default.{self.session_id}",
                type="tertiary",
                icon=":material/undo:",
                on_click=self._fill,
                args=("", on_change),
                disabled=not self.text,
                help="Clear the field and use the default prompt.",
            )
            st.button(
                "Reset to default",
                key=f"playground.reset.{self.session_id}",
                type="tertiary",
                icon=":material/restart_alt:",
                on_click=self._fill,
                args=(self.default, on_change),
                disabled=self.text == self.default.strip(),
                help="Replace the text with the default prompt.",
            )

    def _draw_length(self) -> None:
        added = len(self.text or self.default) - len(self.default)
        change = f" ({added:+,})".replace("-", "\u2212") if self.custom else ""
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.caption(f"{len(self.text):,} characters{change}", width="content")
            badge = (
                ":violet-badge[:material/edit: Custom prompt]"
                if self.custom
                else ":gray-badge[Default prompt]"
            )
            st.markdown(badge, width="content")

    def _fill(self, prompt: str, on_change: Callable[[], None]) -> None:
        state.put(self._fills, state.get(self._fills, 0) + 1)
        state.put(self.key, prompt)
        on_change()
