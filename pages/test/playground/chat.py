"""The chat: messages, the streaming answer, and the small print below each."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias
from uuid import UUID

import streamlit as st

from core.attachments.schemas import MAX_FILE_MIB
from core.executions.schemas import ExecutionStatus
from core.playground.errors import AnswerPending
from core.playground.schemas import (
    MAX_MESSAGE_CHARS,
    PlaygroundMessageView,
    PlaygroundSessionView,
    Speaker,
)
from core.presentation import formatting
from pages._ui import errors, frame, markdown, state, text
from pages.test.playground import attachments, message_estimate, ratings, tool_calls

MESSAGE = "playground.message"
PANE = "pane-chat"
# An answer of 20,000 tokens is drawn with its markup; it is one's own model's, and drawn once
LONGEST_ANSWER = 150_000
FOLDED, SHOWN_CHARS = 6_000, 2_000  # a longer message of the user begins with this much of it
# Messages: the window moves in steps, so that an answer does not redraw all
SHOWN, STEP, EARLIER = 20, 10, 60
AVATARS = {Speaker.USER: ":material/person:", Speaker.ASSISTANT: ":material/adjust:"}

Controls: TypeAlias = Callable[[PlaygroundMessageView], None]

live = st.components.v2.component(
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
    controls: Controls | None,
) -> None:
    """Draw the messages; a pending answer grows by itself, and `on_news` follows other changes.

    `controls` draws what can be done with a message, beside its small print; for readers, who can
    do nothing, it is None.
    """
    pending = next((it for it in messages if it.status is ExecutionStatus.PENDING), None)
    with st.container(key="chat-messages", gap="xsmall"):
        if not messages:
            body = "Send a message below. You can change the model and prompt between messages."
            frame.empty_state("science", "No messages yet", body, border=False)
        hidden = _draw_earlier(session.session_id, len(messages))
        for place, message in enumerate(messages[hidden:], hidden):
            if message is not pending:
                _draw_message(session.session_id, place, message, controls)
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
            "waiting": _waiting(pending),
        }
        live(key="playground.live", data=data, height="content", on_changed_change=on_news)
        if pending is not None and controls is not None:
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


def _draw_earlier(session_id: UUID, count: int) -> int:
    """Return how many of the first messages are not shown, and draw the button that shows some."""
    key = f"playground.shown_messages.{session_id}"
    shown = state.get(key, SHOWN)
    hidden = max(count - shown, 0) // STEP * STEP
    if hidden:
        st.button(
            f"Show earlier messages ({hidden:,})",
            key=f"earlier-{session_id}",
            icon=":material/expand_less:",
            type="tertiary",
            on_click=state.put,
            args=(key, shown + EARLIER),
        )
    return hidden


def _waiting(pending: PlaygroundMessageView | None) -> str:
    if pending is None or not pending.is_by_service:
        return "Thinking"
    sent_at = text.clock_time(pending.created_at, frame.time_zone())
    return f"Pending: waiting for {pending.service_used} since {sent_at}"


def _draw_message(
    session_id: UUID, place: int, message: PlaygroundMessageView, controls: Controls | None
) -> None:
    with st.chat_message(message.role.value, avatar=AVATARS[message.role]):
        if message.role is Speaker.USER:
            # Beside the switch of branches, a phone would leave no width to the text
            row = not message.alternatives
            with st.container(key=f"row-{message.id}", horizontal=row, wrap=not row, gap="small"):
                _draw_question(message)
                _draw_small_print(session_id, place, message, controls)
            attachments.draw(session_id, message.attachments)
            return
        tool_calls.draw(message, may_confirm=controls is not None)
        if message.content:
            markdown.draw(message.content, longest=LONGEST_ANSWER)
        if message.error is not None:
            st.markdown(f":red[:material/error:] {text.plain(message.error.detail)}")
        _draw_small_print(session_id, place, message, controls)
        ratings.draw_note(message)


def _draw_question(message: PlaygroundMessageView) -> None:
    content, key = message.content, f"playground.unfolded.{message.id}"
    if len(content) <= FOLDED or state.get(key, False):
        markdown.draw(content)
        return
    with st.container(gap="xxsmall"):
        markdown.draw(f"{content[:SHOWN_CHARS]}…")
        st.button(
            f"Show all {len(content):,} characters",
            key=f"unfold-{message.id}",
            type="tertiary",
            icon=":material/unfold_more:",
            on_click=state.put,
            args=(key, True),
        )


def _draw_small_print(
    session_id: UUID, place: int, message: PlaygroundMessageView, controls: Controls | None
) -> None:
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
        if controls is not None:
            if message.role is Speaker.ASSISTANT:
                ratings.draw(session_id, message)
            controls(message)


def _small_print(message: PlaygroundMessageView) -> str:
    said_at = text.clock_time(message.created_at, frame.time_zone())
    if message.role is Speaker.USER:
        return f":gray[:small[{said_at}]]"
    name = message.service_used or ""
    figures = [said_at]
    if name:  # an imported answer may have none, or one without a provider
        figures.append(
            text.plain(name if message.is_by_service else name.partition(":")[2] or name)
        )
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
        ":orange-badge[Late]": message.late,
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
    session: PlaygroundSessionView,
    *,
    is_answering: bool,
    estimate: Mapping[str, object] | None,
    takes_files: bool,
    on_submit: Callable[[], None],
) -> None:
    """Draw the message field, which can be used while an answer is pending, and below it what the
    message would cost.
    """
    st.chat_input(
        "Type your next message" if is_answering else "Message the model",
        key=MESSAGE,
        max_chars=MAX_MESSAGE_CHARS,
        accept_file="multiple",
        file_type=attachments.FILE_TYPES,
        max_upload_size=MAX_FILE_MIB,
        on_submit=on_submit,
    )
    message_estimate.draw()
    with st.container(key="unseen-ask"):
        data = {
            "session": str(session.session_id),
            "unsent": session.unsent_message,
            "pending": is_answering,
            "estimate": estimate,
            "attach": takes_files,
            "pane": f".st-key-{PANE}",
        }
        _ask(
            key="playground.ask",
            data=data,
            on_refused_change=partial(state.problem, AnswerPending().detail),
            on_early_change=partial(state.problem, errors.FileUploading().detail),
        )
