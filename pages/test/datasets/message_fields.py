"""Fields of a case's messages: the role and the text of each."""

from collections.abc import Sequence

import streamlit as st

from core.datasets.schemas import MAX_TEXT_CHARS, CaseMessage
from core.providers.schemas import MessageRole
from pages._ui import state

COUNT, TEXT, ROLE = "datasets.case.count", "datasets.case.text", "datasets.case.role"
ROLES = [MessageRole.SYSTEM, MessageRole.USER, MessageRole.ASSISTANT]


def fill(messages: Sequence[CaseMessage]) -> None:
    """Set the fields to a case's messages."""
    state.put(COUNT, max(len(messages), 1))
    for place in range(max(len(messages), 1)):
        is_there = place < len(messages)
        state.put(f"{ROLE}.{place}", messages[place].role if is_there else MessageRole.USER)
        state.put(f"{TEXT}.{place}", messages[place].content if is_there else "")


def draw() -> None:
    for place in range(state.get(COUNT, 1)):
        _draw_message(place)
    st.button(
        "Add message",
        icon=":material/add:",
        type="tertiary",
        key="datasets.case.more",
        on_click=_add_message,
    )


def _draw_message(place: int) -> None:
    key = f"{ROLE}.{place}"
    # With its own, which may be that of a tool: Streamlit replaces a value that is not offered
    present = state.get(key, MessageRole.USER)
    st.selectbox(
        f"Role of message {place + 1}",
        list(dict.fromkeys([*ROLES, present])),
        key=key,
        format_func=lambda role: role.value.capitalize(),
        label_visibility="collapsed",
        width=140,
    )
    st.text_area(
        f"Message {place + 1}",
        key=f"{TEXT}.{place}",
        max_chars=MAX_TEXT_CHARS,
        height=90,
        label_visibility="collapsed",
        placeholder="Where is my order?",
    )


def _add_message() -> None:
    count = state.get(COUNT, 1)
    is_after_user = state.get(f"{ROLE}.{count - 1}", None) is MessageRole.USER
    state.put(f"{ROLE}.{count}", MessageRole.ASSISTANT if is_after_user else MessageRole.USER)
    state.put(f"{TEXT}.{count}", "")
    state.put(COUNT, count + 1)


def read() -> list[dict[str, str]]:
    """Return the messages that have a text."""
    said = [
        {"role": state.get(f"{ROLE}.{place}", ""), "content": state.get(f"{TEXT}.{place}", "")}
        for place in range(state.get(COUNT, 1))
    ]
    return [it for it in said if it["content"].strip()]
