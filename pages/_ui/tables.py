"""Tables: a click on any cell opens the row, a click on a header sorts on the server.

A table holds the rows of one page of a list. Streamlit would sort, search and sum up only those, as
if they were all: where columns can be selected a header does not sort, style.css hides the menu's
ways to it, and parts/tables.js the key to search.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Generic, TypeVar

import pandas as pd
import streamlit as st
from streamlit.elements.arrow import SelectionMode
from streamlit.elements.lib.column_types import ColumnConfig

from core.database.paging import Page, Window
from core.presentation import formatting
from pages._ui import errors, frame, state
from pages._ui.filters import table_settings

MOST_PAGES = 400
# Rows: browsers leave a canvas of tens of thousands of pixels blank
TALLEST = 200
LETTER_PX = 7
FOCUSED = "console.focused_row"
NOTHING: Final[dict[str, dict[str, list[int]]]] = {
    "selection": {"rows": [], "columns": [], "cells": []}
}
LISTENER = "console.tables"
NO_INPUT: Final[dict[str, bool]] = {}
_listener = st.components.v2.component("attune_tables", js=frame.read("parts/tables.js"))

Row = TypeVar("Row")
Columns = Mapping[str, ColumnConfig]


@dataclass(frozen=True)
class TableColumn(Generic[Row]):
    """A column: its label, value and configuration; `orders` are server-side orders with their
    arrows.
    """

    label: str
    value: Callable[[Row], object]
    config: ColumnConfig = field(default_factory=ColumnConfig)
    orders: Mapping[str, str] = field(default_factory=dict)
    is_optional: bool = False  # absent where no row has a value
    widest: int | None = None  # in pixels; a long name would push the other columns out of sight


@dataclass(frozen=True)
class Sorting:
    """The server-side order of a list, and the callback that changes it."""

    order: str
    choose: Callable[[str], None]

    def label(self, column: TableColumn[Any]) -> str:
        """Return a column's label, with an arrow if the list is sorted by it."""
        arrow = column.orders.get(self.order)
        return f"{column.label} {arrow}" if arrow else column.label

    def follow(self, column: TableColumn[Any]) -> None:
        """Sort by a column, or reverse its order."""
        if orders := list(column.orders):
            at = orders.index(self.order) + 1 if self.order in orders else 0
            self.choose(orders[at % len(orders)])


def listen() -> None:
    """Tell clicked cells from those that the arrow keys reach, which open their row by Enter."""
    table_settings.load()
    with st.container(key="unseen-tables"):
        _listener(key=LISTENER, on_by_keys_change=lambda: None, on_enter_change=_open_focused)


def window(at: str, size: int) -> Window:
    """Return the window of the page that a list's pagination shows."""
    # `at` contains the filters: with others, a list begins with its first page.
    return Window(size, (state.get(f"{at}.page", 1) - 1) * size)


def draw_page(
    page: Page[Row],
    columns: Sequence[TableColumn[Row]],
    what: str,
    *,
    name: str,
    at: str,
    on_open: Callable[[Row], None] | None = None,
    sorting: Sorting | None = None,
    most: int = MOST_PAGES,
) -> None:
    """Draw a page of a list with its pagination and the choice of its columns; `what` names one
    row, `name` the list, and `at` is its key under its filters.
    """
    alt = formatting.count(len(page.items), what)
    shown = [each for each in columns if each.label not in table_settings.hidden(name)]
    draw(page.items, shown, alt, key=f"{at}.{page.offset}", on_open=on_open, sorting=sorting)
    with st.container(
        key=f"pages-{name}",
        horizontal=True,
        vertical_alignment="center",
        gap="small",
    ):
        draw_pages(page.total_count, page.limit, at, most=most)
        table_settings.draw(name, [each.label for each in columns])


def draw(
    rows: Sequence[Row],
    columns: Sequence[TableColumn[Row]],
    alt: str,
    *,
    key: str,
    on_open: Callable[[Row], None] | None = None,
    sorting: Sorting | None = None,
    most: int | None = None,
    placeholder: str = "–",
) -> None:
    """Draw rows; beyond `most`, or 200, the table scrolls. A click calls `on_open` with the row."""
    table = _table(rows, columns)
    config = {each.label: _config(each, table, sorting) for each in columns if each.label in table}

    @errors.action
    def act() -> None:
        cells, headers = state.selected(key, "cells"), state.selected(key, "columns")
        if headers and sorting is not None:
            sorting.follow(next(each for each in columns if each.label == headers[0]))
        _open(key, partial(on_open, rows[cells[0][0]]) if cells and on_open is not None else None)

    modes: list[SelectionMode] = ["single-cell", "single-column"] if on_open else ["single-column"]
    drawn = _drawn(table, alt, config, most) | {"placeholder": placeholder}
    st.dataframe(table, key=key, on_select=act, selection_mode=modes, **drawn)


def draw_cells(
    cells: pd.DataFrame,
    colours: pd.DataFrame,
    alt: str,
    *,
    key: str,
    on_open: Callable[[int, str], None],
) -> None:
    """Draw cells in CSS colours, one for each; a click calls `on_open` with row and column."""

    @errors.action
    def act() -> None:
        selected = state.selected(key, "cells")
        _open(key, partial(on_open, *selected[0]) if selected else None)

    coloured = cells.style.apply(lambda _: colours, axis=None)
    drawn = _drawn(cells, alt, None, None)
    st.dataframe(coloured, key=key, on_select=act, selection_mode="single-cell", **drawn)


def choose_many(
    rows: Sequence[Row], columns: Sequence[TableColumn[Row]], alt: str, *, key: str, most: int
) -> list[Row]:
    """Draw rows with multiple selection, and return the selected ones."""
    table = _table(rows, columns)
    drawn = _drawn(table, alt, {each.label: each.config for each in columns}, most)
    st.dataframe(
        table, key=key, on_select="rerun", selection_mode=("multi-row", "single-column"), **drawn
    )
    # A selection may be of rows that were there before
    return [rows[number] for number in state.selected(key, "rows") if number < len(rows)]


def draw_pages(total: int, size: int, at: str, *, most: int = MOST_PAGES) -> None:
    """Draw the pagination of a list; beyond `most` pages, suggest filters."""
    pages = -(-total // size)
    if state.get(f"{at}.page", 1) > max(pages, 1):
        # Its last row has gone meanwhile: an empty page would look like an empty list
        state.put(f"{at}.page", max(pages, 1))
        st.rerun()
    if pages > 1:
        # While an open row takes the list's place, too
        st.pagination(min(pages, most), key=f"{at}.page", persist_state="page")
    if pages > most:
        st.caption(f"Showing {most * size:,} of {total:,} · narrow the filters to see the rest")


def _open(key: str, open_: Callable[[], None] | None) -> None:
    if open_ is not None:
        if (state.get(LISTENER, None) or NO_INPUT).get("by_keys"):
            state.put(FOCUSED, open_)
            return
        open_()
    state.put(key, NOTHING)  # or the same cell could not be clicked again


@errors.action
def _open_focused() -> None:
    state.get(FOCUSED, lambda: None)()


def _table(rows: Sequence[Row], columns: Sequence[TableColumn[Row]]) -> pd.DataFrame:
    table = pd.DataFrame({each.label: [each.value(row) for row in rows] for each in columns})
    return table.drop(
        columns=[each.label for each in columns if each.is_optional and not table[each.label].any()]
    )


def _config(column: TableColumn[Any], table: pd.DataFrame, sorting: Sorting | None) -> ColumnConfig:
    config = column.config
    if column.widest is not None and LETTER_PX * _longest(table[column.label]) > column.widest:
        config = {**config, "width": column.widest}
    if sorting is None or not column.orders:
        return config
    return {
        **config,
        "label": sorting.label(column),
        "help": column.config.get("help") or "Click to sort",
    }


def _longest(cells: "pd.Series[Any]") -> int:
    """Return the number of characters of the longest text."""
    return max((len(cell) for cell in cells if isinstance(cell, str)), default=0)


def height(rows: int, most: int | None) -> int:
    """Return the height of a table in pixels, without rows 0; beyond `most` it scrolls."""
    # Until the table is drawn, its place would be as high as one row. Three for borders.
    shown = min(rows, TALLEST if most is None else most)
    return table_settings.row_px() * (shown + 1) + (3 if shown < rows else 0) if shown else 0


def _drawn(
    table: pd.DataFrame, alt: str, columns: Columns | None, most: int | None
) -> dict[str, Any]:
    return {
        "hide_index": True,
        "placeholder": "–",
        "row_height": table_settings.row_px(),
        "height": height(len(table), most) or "content",
        "column_config": columns,
        "alt": alt,
    }
