"""The columns that a list shows and the height of its rows, kept with the account."""

from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from core.errors import Unavailable
from core.identity.schemas import TablePreferences
from core.identity.service import table_preferences
from pages._ui import errors, guard, state

CHOSEN = "console.table_preferences"
ROW_PX, COMPACT_PX = 34, 26


def load() -> None:
    """Read what the account has chosen, once in a tab."""
    if state.get(CHOSEN, None) is None:
        with suppress(Unavailable), guard.work() as (session, actor):
            state.put(CHOSEN, table_preferences.get_table_preferences(session, actor=actor))


def row_px() -> int:
    return COMPACT_PX if _chosen().is_compact else ROW_PX


def hidden(name: str) -> Sequence[str]:
    """Return the labels of the columns that a list does not show."""
    return _chosen().hidden.get(name, ())


def draw(name: str, labels: Sequence[str]) -> None:
    """Draw the choice of a list's columns and of the height of all rows."""
    columns, density = f"tables.{name}.columns", f"tables.{name}.density"
    # Another list or tab may have changed them
    state.put(columns, [label for label in labels if label not in hidden(name)])
    state.put(density, _chosen().is_compact)
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
    left_out = [label for label in labels if label not in shown]
    with guard.work() as (session, actor):
        chosen = table_preferences.hide_columns(session, name, left_out, actor=actor)
    state.put(CHOSEN, chosen)


@errors.action
def _compact(key: str) -> None:
    is_compact = state.get(key, False)
    with guard.work() as (session, actor):
        chosen = table_preferences.set_compact(session, is_compact=is_compact, actor=actor)
    state.put(CHOSEN, chosen)
