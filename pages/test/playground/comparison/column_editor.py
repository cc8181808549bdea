"""Model and parameters of a column, with the controls of the playground."""

from collections.abc import Sequence
from uuid import UUID, uuid5

import streamlit as st

from core.playground.schemas import Draft
from core.providers.schemas import ModelView
from core.services.schemas import ServiceView
from pages.test.playground.settings.editor import Editor
from pages.test.playground.settings.model_field import SERVICE

COLUMNS = UUID("01a209d8-0000-7000-8000-000000000000")  # the widgets' keys are below it


def column_id(letter: str) -> UUID:
    """Return what stands for a session in the keys of a column's widgets."""
    return uuid5(COLUMNS, letter)


class ColumnEditor(Editor):
    """The model of a column that has not begun, and its parameters."""

    def __init__(
        self, number: int, letter: str, services: Sequence[ServiceView], models: Sequence[ModelView]
    ) -> None:
        """Fill the widgets, a different choice in each column, keeping what was entered since."""
        self.letter = letter
        active = next((each for each in services if each.is_active), None)
        others = [each for each in services if not each.is_active]
        choices = [*([SERVICE] if active else []), *(model.id for model in models)]
        first = choices[min(number, len(choices) - 1)] if choices else None
        draft = Draft(
            model=first, service_id=None if choices else others[min(number, len(others) - 1)].id
        )
        super().__init__(
            column_id(letter), draft, active, list(models), first or "", "", [], others
        )

    def draw_model(self) -> None:
        self._model.draw(f"Model {self.letter}")

    def draw_parameters(self) -> None:
        """Draw the parameters that the model takes; a service has none."""
        if self.model is not None:
            with st.popover(f"Parameters {self.letter}", icon=":material/tune:"):
                self._draw_parameters(lambda: None)
