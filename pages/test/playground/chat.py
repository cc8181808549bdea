"""The chat: messages, the streaming answer, and the small print below each."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.executions.schemas import ExecutionStatus
from core.playground.errors import AnswerPending
from core.playground.schemas import (
    MAX_MESSAGE_CHARS,
    PlaygroundMessageView,
    PlaygroundSessionView,
    Speaker,
)
from core.presentation import formatting
from pages._ui import frame, markdown, state, text
from pages.test.playground import tool_calls

MESSAGE = "playground.message"
PANE = "pane-chat"
AVATARS = {Speaker.USER: ":material/person:", Speaker.ASSISTANT: ":material/adjust:"}

_live = st.components.v2.component(
    "attune_live",
    html='<div class="live" aria-live="polite" hidden></div>',
    css=frame.read("parts/live.css"),
    js=frame.read("parts/live.js"),
)
_ask = st.components.v2.component("attune_ask", js=frame.read("parts/ask.js"))
_copy = st.components.v2.component("attune_copy", js=frame.read("parts/copy.js"))
_follow = st.components.v2.component("attune_follow", js=frame.read("parts/follow.js"))


def draw(
    session: PlaygroundSessionView,
    messages: list[PlaygroundMessageView],
    *,
    on_stop: Callable[[], None],
    on_news: Callable[[], None],
) -> None:
    """Draw the messages; a pending answer grows by itself, and `on_news` follows other changes."""
    pending = next((it for it in messages if it.status is ExecutionStatus.PENDING), None)
    with st.container(key="chat-messages", gap="xsmall"):
        if not messages:
            body = "Send a message below. You can change the model and prompt between messages."
            frame.empty_state("science", "No messages yet", body, border=False)
        for place, message in enumerate(messages):
            if message is not pending:
                _draw_message(place, message)
    # Always here, hidden while nothing is written: elsewhere it would be made anew, and its socket
    # with it.
    with (
        st.container(key="chat-live"),
        st.chat_message("assistant", avatar=AVATARS[Speaker.ASSISTANT]),
    ):
        data = {
            "session": str(session.session_id),
            "revision": session.revision,
            "pending": str(pending.id) if pending else None,
        }
        _live(key="playground.live", data=data, height="content", on_changed_change=on_news)
        if pending is not None:
            st.button(
                "Stop",
                key=f"stop-{pending.id}",
                icon=":material/stop_circle:",
                shortcut="Esc",
                on_click=on_stop,
            )
    with st.container(key="unseen-chat"):
        _copy(key="playground.copy", data={"session": str(session.session_id)})
        _follow(
            key="playground.follow",
            data={"session": str(session.session_id), "pane": f".st-key-{PANE}"},
        )


def _draw_message(place: int, message: PlaygroundMessageView) -> None:
    with st.chat_message(message.role.value, avatar=AVATARS[message.role]):
        if message.role is Speaker.USER:
            with st.container(key=f"row-{message.id}", horizontal=True, wrap=False, gap="small"):
                markdown.draw(message.content)
                _draw_small_print(place, message)
            return
        tool_calls.draw(message)
        if message.content:
            markdown.draw(message.content)
        if message.error is not None:
            st.markdown(f":red[:material/error:] {text.plain(message.error.detail)}")
        _draw_small_print(place, message)


def _draw_small_print(place: int, message: PlaygroundMessageView) -> None:
    # The part in the browser finds the message by its place and id.
    key = f"row-print-{message.id}"
    with st.container(
        key=key,
        horizontal=True,
        wrap=False,
        vertical_alignment="center",
        gap="xsmall",
        width="content",
    ):
        st.markdown(_small_print(message), width="content")
        if message.content:
            copy = f"icon-copy-{place}-{message.id}"
            st.button(
                "Copy",
                key=copy,
                icon=":material/content_copy:",
                type="tertiary",
                help="Copy message",
            )


def _small_print(message: PlaygroundMessageView) -> str:
    said_at = text.clock_time(message.created_at, frame.time_zone())
    if message.role is Speaker.USER:
        return f":gray[:small[{said_at}]]"
    figures = [said_at, text.plain((message.service_used or "").partition(":")[2])]
    if message.response_time_ms is not None:
        figures.append(formatting.duration(message.response_time_ms))
    if message.total_tokens is not None:
        figures.append(
            ("~" if message.tokens_estimated else "")
            + formatting.count(message.total_tokens, "token")
        )
        figures.append(text.plain(formatting.money(message.cost_usd)))
    return "\u2002".join([f":gray[:small[{' · '.join(figures)}]]", *_badges(message)])


def _badges(message: PlaygroundMessageView) -> list[str]:
    badges = {
        ":orange-badge[Stopped]": message.status is ExecutionStatus.CANCELLED,
        ":red-badge[Failed]": message.status is ExecutionStatus.FAILED,
        ":orange-badge[Max tokens reached]": message.finish_reason == "length",
        ":violet-badge[Custom prompt]": bool(message.custom_prompt),
    }
    if message.fallback_for is not None:
        asked = text.plain(text.one_line(message.fallback_for))
        badges[f":orange-badge[Instead of {asked}, which failed]"] = True
    return [badge for badge, holds in badges.items() if holds]


def connection() -> None:
    """Show whether the page is connected; the live part updates it."""
    st.html('<span class="attune-connection" role="status"></span>', width="content")


def ask(
    session: PlaygroundSessionView, *, is_answering: bool, on_submit: Callable[[], None]
) -> None:
    """Draw the message field, which can be used while an answer is pending."""
    words = "Type your next message" if is_answering else "Message the model"
    st.chat_input(words, key=MESSAGE, max_chars=MAX_MESSAGE_CHARS, on_submit=on_submit)
    with st.container(key="unseen-ask"):
        data = {
            "session": str(session.session_id),
            "pending": is_answering,
            "pane": f".st-key-{PANE}",
        }
        _ask(
            key="playground.ask",
            data=data,
            on_refused_change=partial(state.problem, AnswerPending().detail),
        )
