"""The columns that a list shows and the height of its rows, kept with the account."""

from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from core.errors import Unavailable
from core.identity.schemas import TablePreferences
from core.identity.service.table_preferences import get_table_preferences, set_table_preferences
from pages._ui import errors, guard, state

CHOSEN = "console.table_preferences"
ROW_PX, COMPACT_PX = 34, 26


def load() -> None:
    """Read what the account has chosen, once in a tab."""
    if state.get(CHOSEN, None) is None:
        with suppress(Unavailable), guard.work() as (session, actor):
            state.put(CHOSEN, get_table_preferences(session, actor=actor))


def row_px() -> int:
    return COMPACT_PX if _chosen().is_compact else ROW_PX


def hidden(name: str) -> Sequence[str]:
    """Return the labels of the columns that a list does not show."""
    return _chosen().hidden.get(name, ())


def draw(name: str, labels: Sequence[str]) -> None:
    """Draw the choice of a list's columns and of the height of all rows."""
    columns, density = f"tables.{name}.columns", f"tables.{name}.density"
    state.seed(columns, [label for label in labels if label not in hidden(name)])
    state.put(density, _chosen().is_compact)  # another list may have changed it
    with st.popover("Columns", icon=":material/view_column:", type="tertiary"):
        st.pills(
            "Columns of this list",
            labels,
            selection_mode="multi",
            key=columns,
            on_change=_hide,
            args=(name, columns, labels),
        )
        st.toggle("Compact rows, in all lists", key=density, on_change=_compact, args=(density,))


def _chosen() -> TablePreferences:
    return state.get(CHOSEN, None) or TablePreferences()


@errors.action
def _hide(name: str, key: str, labels: Sequence[str]) -> None:
    # The first column says what a row is
    shown = {labels[0], *state.get(key, list[str]())}
    state.put(key, [label for label in labels if label in shown])
    _keep(_chosen().hiding(name, [label for label in labels if label not in shown]))


@errors.action
def _compact(key: str) -> None:
    _keep(_chosen().model_copy(update={"is_compact": state.get(key, False)}))


def _keep(chosen: TablePreferences) -> None:
    with guard.work() as (session, actor):
        set_table_preferences(session, chosen, actor=actor)
    state.put(CHOSEN, chosen)
