"""One message of the chat: its text, its tool calls, and the small print below it."""

from collections.abc import Callable
from typing import TypeAlias
from uuid import UUID

import streamlit as st

from core.executions.schemas import ExecutionStatus
from core.playground.schemas import (
    PlaygroundMessageView,
    Speaker,
)
from core.presentation import formatting
from core.providers.vendors.finish_reasons import is_cut_off, is_refused
from pages._ui import frame, markdown, state, text
from pages.test.playground import attachments, ratings, tool_calls

# An answer of 20,000 tokens is drawn with its markup; it is one's own model's, and drawn once
LONGEST_ANSWER = 150_000
FOLDED, SHOWN_CHARS = 6_000, 2_000  # a longer message of the user begins with this much of it
AVATARS = {Speaker.USER: ":material/person:", Speaker.ASSISTANT: ":material/adjust:"}
Controls: TypeAlias = Callable[[PlaygroundMessageView], None]


def draw(
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
        ":orange-badge[Max tokens reached]": is_cut_off(message.finish_reason),
        ":orange-badge[Refused]": is_refused(message.finish_reason),
        ":violet-badge[Custom prompt]": bool(message.custom_prompt),
    }
    if message.fallback_for is not None:
        asked = text.plain(text.one_line(message.fallback_for))
        badges[f":orange-badge[Instead of {asked}, which failed]"] = True
    return [badge for badge, holds in badges.items() if holds]
