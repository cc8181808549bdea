"""The chat: messages, the answer that is being written, and what is said below each."""

from collections.abc import Callable

import streamlit as st

from core.executions.schemas import Status
from core.playground.schemas import LONGEST_MESSAGE, MessageView, SessionView, Speaker
from pages._ui import frame, text
from pages._ui.text import safe_markdown

AVATARS = {Speaker.USER: ":material/person:", Speaker.ASSISTANT: ":material/adjust:"}

_live = st.components.v2.component(
    "attune_live",
    html='<div class="live" aria-live="polite" hidden></div>',
    css=frame.read("parts/live.css"),
    js=frame.read("parts/live.js"),
)
_copy = st.components.v2.component("attune_copy", js=frame.read("parts/copy.js"))


def draw(session: SessionView, messages: list[MessageView], *, on_stop: Callable[[], None]) -> None:
    """Draw the conversation; the last answer grows by itself while it is pending."""
    pending = next((it for it in messages if it.status is Status.PENDING), None)
    for message in messages:
        if message is not pending:
            _draw_message(message)
    place = st.chat_message("assistant", avatar=AVATARS[Speaker.ASSISTANT]) if pending else st.container(key="live-idle")
    with place:
        data = {
            "session": str(session.session_id),
            "revision": session.revision,
            "pending": str(pending.id) if pending else None,
        }
        _live(key="playground.live", data=data, height="content", on_changed_change=lambda: None)
        if pending is not None:
            st.button("Stop", key=f"stop-{pending.id}", icon=":material/stop_circle:", shortcut="Esc", on_click=on_stop)
    _copy(key="playground.copy", data={}, height=1)


def _draw_message(message: MessageView) -> None:
    with st.chat_message(message.role.value, avatar=AVATARS[message.role]):
        if message.content:
            st.markdown(safe_markdown(message.content))
        if message.error is not None:
            st.markdown(f":red[:material/error:] {text.plain(message.error.detail)}")
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(_small_print(message), width="content")
            if message.content:
                name = message.job_id if message.role is Speaker.ASSISTANT else f"user-{message.id}"
                st.button("", key=f"copy-{name}", icon=":material/content_copy:", type="tertiary", help="Copy")


def _small_print(message: MessageView) -> str:
    if message.role is Speaker.USER:
        return f":gray[:small[{message.created_at:%H:%M}]]"
    figures = [f"{message.created_at:%H:%M}", text.plain((message.service_used or "").partition(":")[2])]
    if message.response_time_ms is not None:
        figures.append(text.duration(message.response_time_ms))
    if message.total_tokens is not None:
        figures.append(("about " if message.tokens_estimated else "") + text.count(message.total_tokens, "token"))
        figures.append(text.plain(text.money(message.cost_usd)))
    badges = [f":gray[:small[{' · '.join(figures)}]]"]
    if message.status is Status.CANCELLED:
        badges.append(":orange-badge[Stopped]")
    if message.status is Status.FAILED:
        badges.append(":red-badge[Failed]")
    if message.finish_reason == "length":
        badges.append(":orange-badge[Cut at the limit of tokens]")
    if message.custom_prompt:
        badges.append(":violet-badge[Custom prompt]")
    return "\u2002".join(badges)


def connection() -> None:
    """Show whether the page hears of news; the live part keeps it true."""
    st.html('<span class="attune-connection" role="status"></span>', width="content")


def ask(*, disabled: bool, on_submit: Callable[[], None]) -> None:
    """Draw the field in which one asks."""
    st.chat_input(
        "Stop the answer to ask something else" if disabled else "Ask something",
        key="playground.message",
        max_chars=LONGEST_MESSAGE,
        disabled=disabled,
        on_submit=on_submit,
    )
