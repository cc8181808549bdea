"""Session state of a tab, through typed accessors. Keys are `page.widget`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeVar, cast
from uuid import UUID

import streamlit as st

OWNER = "console.owner"
ACTOR = "console.actor"
TOAST, TOAST_LINK = "console.toast", "console.toast_link"
PROBLEM = "console.problem"

Value = TypeVar("Value")


def belong_to(account_id: UUID) -> None:
    """Bind this tab's state to an account, and drop what another one left."""
    if st.session_state.get(OWNER) not in (None, account_id):
        # All of it: texts and drafts of widgets, too, which the next account must not see
        st.session_state.clear()
    st.session_state[OWNER] = account_id


def get(key: str, default: Value) -> Value:
    return cast("Value", st.session_state.get(key, default))


def own_key(name: str, id_: UUID) -> str:
    """Return the key of a field of one object: of a common key, Streamlit would keep what was
    entered for the object that was open before.
    """
    return f"{name}.{id_}"


def put(key: str, value: object) -> None:
    st.session_state[key] = value


def put_back(key: str, value: object) -> None:
    """Fill a widget anew, within `keeping` of the same key."""
    st.session_state[_kept(key)] = value


def put_back_message(key: str, message: str) -> None:
    """Fill a message field anew with what was not sent, within `keeping` of the same key."""
    before = f"{key}.put_back"
    # Streamlit's field stays empty when it is given the same text twice in a row
    if st.session_state.get(before) == message:
        message += " "
    st.session_state[before] = message
    put_back(key, message)


@contextmanager
def keeping(*keys: str) -> Iterator[None]:
    """Draw widgets that are filled by `put_back` until one run has come to its end.

    Streamlit tells the browser of a widget's new value in one run only: when another cuts that run
    off, the value would be lost. A text that was entered meanwhile stays.
    """
    for key in keys:
        if _kept(key) in st.session_state:
            own, kept = st.session_state.get(key), st.session_state[_kept(key)]
            st.session_state[key] = own if own and isinstance(own, str) else kept
    yield
    forget(*map(_kept, keys))


def _kept(key: str) -> str:
    return f"{key}.kept"


def seed(key: str, value: object) -> None:
    """Set a widget's initial value, keeping what was entered."""
    st.session_state.setdefault(key, value)


def loaded(widget: str, stored: Value) -> Value:
    """Return what a form was filled with, by its first widget: widgets of a key keep their values
    when others are stored.
    """
    if widget not in st.session_state:
        put_loaded(widget, stored)
    return cast("Value", st.session_state[f"{widget}.loaded"])


def put_loaded(widget: str, stored: object) -> None:
    """Note what a form has saved: the next save is compared with it."""
    st.session_state[f"{widget}.loaded"] = stored


def forget(*keys: str) -> None:
    for key in keys:
        st.session_state.pop(key, None)


def remember(place: str, is_own: Callable[[str], bool]) -> None:
    """Keep the values of widgets that a later run may not draw: Streamlit forgets those."""
    names = [name for name in map(str, st.session_state) if is_own(name)]
    st.session_state[place] = {name: st.session_state[name] for name in names}


def recall(place: str) -> None:
    """Fill widgets with the remembered values, before they are drawn."""
    for name, value in get(place, dict[str, object]()).items():
        seed(name, value)


def take(key: str) -> Any:  # noqa: ANN401  whatever was put
    """Return and remove a value."""
    return st.session_state.pop(key, None)


def selected(key: str, kind: Literal["rows", "columns", "cells"]) -> list[Any]:
    """Return a table's selection: row numbers, column labels, or pairs of both."""
    found = st.session_state.get(key) or {}
    return list(found.get("selection", {}).get(kind, []))


def toast(words: str, *, link: str = "") -> None:
    """Show a success message after the next rerun, with a link in Markdown after it."""
    st.session_state[TOAST], st.session_state[TOAST_LINK] = words, link


def problem(words: str) -> None:
    """Show an error message after the next rerun."""
    st.session_state[PROBLEM] = words
