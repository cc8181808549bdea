"""Tables on a page: rows of one height, a dash for what is not there, said in words to who cannot see them.

A table holds the rows of one page of a list. Streamlit would sort, search and sum up only those, as if they were all: where
columns can be selected a header does not sort, style.css hides the menu's ways to it, and parts/tables.js the key to search.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from pages._ui import errors, state

ROW_PX = 34
MOST_PAGES = 400
# What can be selected.
COLUMN: Final = "single-column"
ROW: Final = "single-row"
ROWS: Final = "multi-row"
Columns = Mapping[str, ColumnConfig]


def show(
    table: pd.DataFrame,
    alt: str,
    *,
    key: str,
    columns: Columns | None = None,
    most: int | None = None,
    placeholder: str = "–",
    on_pick: Callable[[int], None] | None = None,
    on_drop: Callable[[], None] | None = None,
) -> None:
    """Draw a table; of more than `most` rows it scrolls.

    With `on_pick`, selecting a row does something with its number and the page is drawn anew; `on_drop`, when none is any longer.
    """

    @errors.action
    def act() -> None:
        rows = state.selected(key)
        if rows == state.get(seen, rows):
            return  # only a column was selected
        if rows and on_pick is not None:
            on_pick(rows[0])
        elif not rows and on_drop is not None:
            on_drop()

    seen = f"{key}.seen"
    drawn = _drawn(table, alt, columns, most) | {"placeholder": placeholder}
    st.dataframe(table, key=key, on_select=act, selection_mode=(ROW, COLUMN) if on_pick else (COLUMN,), **drawn)
    state.put(seen, state.selected(key))


def choose(
    table: pd.DataFrame,
    alt: str,
    *,
    key: str,
    columns: Columns | None = None,
    most: int | None = None,
    placeholder: str = "–",
) -> int | None:
    """Draw a table; return the number of the row that is selected."""
    drawn = _drawn(table, alt, columns, most) | {"placeholder": placeholder}
    st.dataframe(table, key=key, on_select="rerun", selection_mode=(ROW, COLUMN), **drawn)
    # A selection outlives the rows that have gone since.
    return next((row for row in state.selected(key) if row < len(table)), None)


def choose_many(table: pd.DataFrame, alt: str, *, key: str, columns: Columns | None = None, most: int | None = None) -> list[int]:
    """Draw a table; return the numbers of the rows that are selected."""
    st.dataframe(table, key=key, on_select="rerun", selection_mode=(ROWS, COLUMN), **_drawn(table, alt, columns, most))
    return [row for row in state.selected(key) if row < len(table)]


def draw_pages(total: int, size: int, at: str, *, most: int = MOST_PAGES) -> None:
    """Draw the way to the other pages of a list; of very many, filters find more than leafing does."""
    pages = -(-total // size)
    if pages > 1:
        st.pagination(min(pages, most), key=f"{at}.page")
    if pages > most:
        st.caption(f"Showing {most * size:,} of {total:,} · narrow the filters to see the rest")


def _drawn(table: pd.DataFrame, alt: str, columns: Columns | None, most: int | None) -> dict[str, Any]:
    height = "content" if most is None or len(table) <= most else ROW_PX * (most + 1) + 3
    return {
        "hide_index": True,
        "placeholder": "–",
        "row_height": ROW_PX,
        "height": height,
        "column_config": columns,
        "alt": alt,
    }
