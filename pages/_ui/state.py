"""What a tab remembers between reruns, through typed accessors. Keys are `page.widget`."""

from typing import Any, TypeVar, cast
from uuid import UUID

import streamlit as st

OWNER = "console.owner"
ACTOR = "console.actor"
TOAST = "console.toast"
PROBLEM = "console.problem"

Value = TypeVar("Value")


def belong_to(account_id: UUID) -> None:
    """Make this tab's memory that of an account; what another one has left is dropped."""
    if st.session_state.get(OWNER) not in (None, account_id):
        st.session_state.clear()
    st.session_state[OWNER] = account_id


def get(key: str, default: Value) -> Value:
    """Return what is remembered under a key."""
    return cast("Value", st.session_state.get(key, default))


def put(key: str, value: object) -> None:
    """Remember something."""
    st.session_state[key] = value


def seed(key: str, value: object) -> None:
    """Give a widget its first value; what a person has entered stays."""
    st.session_state.setdefault(key, value)


def forget(*keys: str) -> None:
    """Remember no longer."""
    for key in keys:
        st.session_state.pop(key, None)


def take(key: str) -> Any:  # noqa: ANN401  whatever was put
    """Return what is remembered, once."""
    return st.session_state.pop(key, None)


def selected(key: str) -> list[int]:
    """Return the numbers of the rows that are selected in a table."""
    found = st.session_state.get(key) or {}
    return list(found.get("selection", {}).get("rows", []))


def toast(words: str) -> None:
    """Say after the next rerun what was done."""
    st.session_state[TOAST] = words


def problem(words: str) -> None:
    """Say after the next rerun what did not work."""
    st.session_state[PROBLEM] = words
