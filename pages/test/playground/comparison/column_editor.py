"""Model and parameters of a column, with the controls of the playground."""

from collections.abc import Sequence
from uuid import UUID, uuid5

import streamlit as st

from core.playground.schemas import Draft
from core.providers.schemas import ModelView, Parameters
from core.services.schemas import ServiceView
from pages._ui import state
from pages.test.playground.editor import SERVICE, Editor

COLUMNS = UUID("01a209d8-0000-7000-8000-000000000000")  # the widgets' keys are below it


class ColumnEditor(Editor):
    """The model of a column that has not begun, and its parameters."""

    def __init__(
        self, number: int, letter: str, service: ServiceView | None, models: Sequence[ModelView]
    ) -> None:
        """Fill the widgets, a different model in each column, keeping what was entered since."""
        self.letter = letter
        choices = [*([SERVICE] if service else []), *(model.id for model in models)]
        chosen = choices[min(number, len(choices) - 1)]
        column = uuid5(COLUMNS, letter)
        super().__init__(column, Draft(model=chosen), service, list(models), chosen, "", [])

    def draw_model(self) -> None:
        st.selectbox(
            f"Model {self.letter}",
            self.choices,
            key=self.key("model"),
            format_func=self._label,
        )

    def draw_parameters(self) -> None:
        """Draw the parameters that the model takes; a service has none."""
        if self.model is not None:
            with st.popover(f"Parameters {self.letter}", icon=":material/tune:"):
                self._draw_parameters(lambda: None)

    def use(self, model: str | None, parameters: Parameters) -> None:
        """Set the model and the parameters of a prompt's version, where they can be called."""
        if model in self.models:
            state.put(self.key("model"), model)
        for name, value in parameters.set_values().items():
            if name in self._taken:
                state.put(self.key(name), value)
