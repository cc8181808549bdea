"""Dialogs: a confirmation, the buttons of a form, and the drawer that shows a row of a list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

import streamlit as st

from core.errors import NotFound
from pages._ui import errors, frame, links, state

OPEN = "row"  # in the address: the ID of the row in the drawer
NEXT = "console.next_dialog"
DRAWN = "console.is_drawer_drawn"  # in this run: Streamlit draws only one

Row = TypeVar("Row")


class RowMissing(NotFound):
    """It was deleted, or is on another page of this list."""


@dataclass(frozen=True)
class ListPlace:
    """The place of an open row among the rows of its list's page, by the IDs of the address."""

    ids: Sequence[str]
    opened: str
    param: str = OPEN

    def draw(self) -> None:
        """Draw the steps to the rows before and after it, with the shortcuts K and J."""
        if self.opened not in self.ids or len(self.ids) < 2:
            return
        at = self.ids.index(self.opened)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            self._step("Previous", "keyboard_arrow_up", "K", at - 1)
            self._step("Next", "keyboard_arrow_down", "J", at + 1)
            st.caption(f"{at + 1} of {len(self.ids)} on this page", width="content")

    def _step(self, label: str, icon: str, shortcut: str, to: int) -> None:
        is_there = 0 <= to < len(self.ids)
        st.button(
            label,
            icon=f":material/{icon}:",
            shortcut=shortcut,
            key=f"drawer.{label}",
            type="tertiary",
            disabled=not is_there,
            on_click=st.query_params.__setitem__,
            args=(self.param, self.ids[to]) if is_there else None,
        )


def confirm(
    title: str, body: str, label: str, act: Callable[..., None], *args: object, key: str
) -> None:
    """Ask before `act(*args)`; `label` is on the button that does it."""

    @st.dialog(title)
    def question() -> None:
        st.write(body)
        with st.container(horizontal=True):
            is_done = st.button(
                label, type="primary", key=f"{key}.confirm", on_click=act, args=args
            )
            # A press in a dialog reruns only the dialog: a run of the whole page closes it
            if st.button("Cancel", key=f"{key}.cancel") or is_done:
                st.rerun()

    question()


def submit(label: str, act: Callable[[], None], *, key: str, disabled: bool = False) -> None:
    """Draw the buttons below a form; what `act` refuses is said there, and the dialog stays."""
    buttons, below = st.container(horizontal=True), st.container()
    is_submitted = buttons.button(label, type="primary", key=f"{key}.submit", disabled=disabled)
    if buttons.button("Cancel", key=f"{key}.close"):
        st.rerun()
    if is_submitted:
        with errors.InForm(below):
            act()
            st.rerun()


def begin_run() -> None:
    """Allow this run to draw a drawer."""
    state.forget(DRAWN)


def open_row(row: object) -> None:
    """Open a row in the drawer of `draw_opened`, from a callback."""
    st.query_params[OPEN] = _id_of(row)


def id_of(opened: str) -> UUID:
    """Return the ID that an address names; raise RowMissing when it names none."""
    try:
        return UUID(opened)
    except ValueError:
        raise RowMissing from None


def no_read(_: str) -> Any:  # noqa: ANN401  never returns
    """Raise RowMissing: the rows of this list can't be read by their IDs."""
    raise RowMissing


def draw_opened(
    rows: Sequence[Row],
    title: str,
    show: Callable[[Row], None],
    read: Callable[[str], Row] | None = None,
    *,
    has_steps: bool = True,
) -> None:
    """Show in a drawer the row that the address names: from these rows, else by `read`, which may
    raise NotFound. Without `read`, another list of the page may have the row. `has_steps` to the
    rows beside it: not while something is written in the drawer, which would be lost.
    """
    if dialog := state.take(NEXT):
        state.put(DRAWN, True)
        dialog()
        return
    opened = st.query_params.get(OPEN)
    if row := next((each for each in rows if _id_of(each) == opened), None):
        place = ListPlace([_id_of(each) for each in rows], _id_of(row)) if has_steps else None
        drawer(title, partial(show, row), on_close=close, place=place)
    elif opened and read is not None and not state.get(DRAWN, False):
        drawer(title, partial(_show_read, title, opened, show, read), on_close=close)


def _show_read(
    title: str, id_: str, show: Callable[[Row], None], read: Callable[[str], Row]
) -> None:
    try:
        row = read(id_)
    except NotFound as missing:
        frame.empty_state("search_off", f"{title} not found", missing.detail)
        return
    show(row)


def draw_link(address: str, label: str, icon: str, **query: str) -> None:
    """Draw a link from a drawer to the whole of its row, on the list's page: the list's filters
    stay in the address, for the way back.
    """
    filters = {name: value for name, value in st.query_params.items() if name != OPEN}
    links.draw_to(address, label, filters | query, icon=icon)


def leave_for(dialog: Callable[[], None]) -> None:
    """Open a dialog, from a callback; a drawer is closed first, as only one can be open."""
    if OPEN not in st.query_params:
        dialog()
        return
    close()
    state.put(NEXT, dialog)


def _id_of(row: object) -> str:
    return str(
        next(
            filter(None, (getattr(row, name, None) for name in ("id", "user_id", "session_id"))), ""
        )
    )


def close() -> None:
    """Close the drawer, from a callback."""
    st.query_params.pop(OPEN, None)


def drawer(
    title: str,
    show: Callable[[], None],
    *,
    on_close: Callable[[], None],
    place: ListPlace | None = None,
) -> None:
    """Draw a drawer on the right. Each action in it reruns the whole page with its guard."""
    drawn = count()
    state.put(DRAWN, True)

    @st.dialog(title, position="right", width=640, on_dismiss=on_close)
    def dialog() -> None:
        # A dialog is a fragment: called again, it runs alone, without the page and its guard
        if next(drawn):
            st.rerun()
        if place is not None:
            place.draw()
        with errors.InWords(title):
            show()

    dialog()
