"""The chat: its messages, the streaming answer and the message field."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
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
from pages._ui import errors, frame, state, text
from pages.test.playground import attachments, chat_message, live_answer, message_estimate

PARTS = Path(__file__).with_name("parts")
MESSAGE = "playground.message"
PANE = "pane-chat"
# Messages: the window moves in steps, so that an answer does not redraw all
SHOWN, STEP, EARLIER = 20, 10, 60

_ask = st.components.v2.component("attune_ask", js=frame.read("ask.js", PARTS))
_copy = st.components.v2.component("attune_copy", js=frame.read("copy.js", PARTS))
_follow = st.components.v2.component("attune_follow", js=frame.read("follow.js", PARTS))


def draw(
    session: PlaygroundSessionView,
    messages: list[PlaygroundMessageView],
    *,
    on_stop: Callable[[], None],
    on_news: Callable[[], None],
    controls: chat_message.Controls | None,
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
                chat_message.draw(session.session_id, place, message, controls)
    # Always here, hidden while nothing is written: elsewhere it would be made anew, and its socket
    # with it.
    with (
        st.container(key="chat-live"),
        st.chat_message("assistant", avatar=chat_message.AVATARS[Speaker.ASSISTANT]),
    ):
        live_answer.draw(
            session.session_id,
            session.revision,
            pending.id if pending else None,
            _waiting(pending),
            key="playground.live",
            on_news=on_news,
        )
        # A button: the field's own stop would end the script, and not the call
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
    attachments.draw_kept(session.session_id)
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
            on_unattached_change=partial(state.problem, attachments.FileNotAttached().detail),
        )
