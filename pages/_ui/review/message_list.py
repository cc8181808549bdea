"""Messages of a conversation with AI requests, tool calls, feedback, scores and annotations."""

import json
from collections.abc import Sequence
from html import escape
from typing import Any
from uuid import UUID

import streamlit as st

from core.annotations.schemas import AnnotationView
from core.conversations.opinions import ConversationOpinion, in_words
from core.conversations.schemas import MessageSpeaker
from core.database.db import Database, transaction
from core.identity.schemas import Actor
from core.ingest.prompts import titles_of
from core.insights.queries.conversation_detail import (
    ReadMessage,
    RequestOfMessage,
    read_message,
)
from core.insights.queries.conversation_feedback import FeedbackInContext
from core.presentation import formatting
from pages._ui import diff, errors, guard, links, markdown, state, text
from pages._ui.review import annotation_edit, annotation_list, score_list
from pages._ui.review.conversation_list import SPEAKERS, marked

AVATARS = {
    MessageSpeaker.USER: ":material/person:",
    MessageSpeaker.ASSISTANT: ":material/adjust:",
    MessageSpeaker.SYSTEM: ":material/settings:",
    MessageSpeaker.TOOL: ":material/build:",
}
FOLDED = (MessageSpeaker.SYSTEM, MessageSpeaker.TOOL)
TONES = {ConversationOpinion.POSITIVE: "good", ConversationOpinion.NEGATIVE: "warn"}
LONG = 6000  # characters; what is longer is shown as it was written, and no more of it than that
LONGEST_JSON = 5000


def draw(
    messages: Sequence[ReadMessage],
    zone: str,
    *,
    focus: str | None,
    sees_costs: bool,
    annotations: Sequence[AnnotationView] = (),
    reader: Actor | None = None,
) -> None:
    """Draw messages in order; `focus` names the one to mark. A `reader` may edit annotations."""
    for message in messages:
        is_focus = focus is not None and focus in (str(message.id), message.external_id)
        with st.container(key=f"{'focus' if is_focus else 'message'}-{message.id}"):
            name = (
                message.role
                if message.role in (MessageSpeaker.USER, MessageSpeaker.ASSISTANT)
                else "system"
            )
            with st.chat_message(name, avatar=AVATARS[message.role]):
                _draw_words(message)
                _draw_small_print(message, zone, sees_costs=sees_costs)
                _draw_calls(message)
                draw_feedback(
                    [*message.feedback, *message.conversation_feedback], zone, message.content
                )
                score_list.draw(message.scores, zone)
                of_it = [each for each in annotations if each.message_id == message.id]
                annotation_list.draw(
                    of_it, zone, None if message.is_cut else message.content, reader
                )
                if reader is not None and message.role is MessageSpeaker.ASSISTANT:
                    annotation_edit.draw_new(message, reader)


def draw_feedback(given: Sequence[FeedbackInContext], zone: str, answer: str | None) -> None:
    """Draw users' ratings with their edited answers."""
    for each in given:
        how = in_words(each.rating, each.scale)
        tone = TONES.get(each.opinion, "step")
        at = formatting.moment(each.created_at, zone)
        at += " · on the whole conversation" if answer is not None and not each.message_id else ""
        comment = f" <bdi>“{escape(text.upright(each.comment))}”</bdi>" if each.comment else ""
        st.html(
            '<p class="attune-judged"><span class="attune-chip '
            f'attune-{tone}">{how}</span>{comment} <small>{at}</small></p>'
        )
        if each.edited_text:
            with st.expander("User's edited answer", icon=":material/edit_note:"):
                diff.draw(answer or "", each.edited_text)


def _draw_words(message: ReadMessage) -> None:
    whole: str | None = state.get(_key(message.id), None)
    if message.role in FOLDED:
        opening = text.plain(text.one_line(message.content)[:80]) or "empty"
        with st.expander(
            f"{SPEAKERS[message.role]}: {opening}",
            # Open where a search has found words in it
            expanded=message.parts is not None,
        ):
            _draw_content(message, whole)
    else:
        _draw_content(message, whole)
    if message.error:
        st.markdown(f":red[:material/error:] {text.plain(message.error[:500])}")


def _draw_content(message: ReadMessage, whole: str | None) -> None:
    said = text.upright(message.content if whole is None else whole)
    is_folded = whole is None and message.characters > LONG
    if message.parts is not None and whole is None:
        _draw_as_written(text.upright(marked(message.parts)))
    elif message.characters > LONG:
        _draw_as_written(escape(said[:LONG] + "…" if is_folded else said))
    elif said:
        markdown.draw(said)
    if is_folded:
        label = f"Show all {message.characters:,} characters"
        st.button(
            label,
            type="tertiary",
            key=f"{_key(message.id)}.all",
            on_click=_open,
            args=(message.id,),
        )


def _draw_as_written(said: str) -> None:
    st.html(f'<div class="attune-words" dir="auto">{said}</div>')


def _draw_small_print(message: ReadMessage, zone: str, *, sees_costs: bool) -> None:
    figures = [formatting.moment(message.created_at, zone), message.model or ""]
    figures += titles_of(message)
    if message.latency_ms is not None:
        figures.append(formatting.duration(message.latency_ms))
    if message.tokens is not None:
        figures.append(formatting.count(message.tokens, "token"))
    if sees_costs and message.cost_usd is not None:
        figures.append(formatting.money(message.cost_usd))
    st.caption(text.plain(text.one_line(" · ".join(filter(None, figures)))))


def _draw_calls(message: ReadMessage) -> None:
    steps = [step for call in message.requests for step in call.steps]
    tools = message.tool_calls or [tool for call in message.requests for tool in call.tool_calls]
    if not (tools or message.requests):
        return
    counts = [
        formatting.count(len(tools), "tool call") if tools else "",
        formatting.count(len(steps), "step") if steps else "",
    ]
    counts += [formatting.count(len(message.requests), "AI request") if message.requests else ""]
    with (
        st.expander(", ".join(filter(None, counts)), icon=":material/account_tree:"),
        st.container(gap="xsmall"),
    ):
        for call in message.requests:
            _draw_call(call)
        if tools:
            draw_tool_calls(tools)


def draw_tool_calls(calls: Sequence[object]) -> None:
    """Draw tool calls as JSON; long ones are cut."""
    said = json.dumps(calls, ensure_ascii=False, indent=1)[:LONGEST_JSON]
    st.code(said, language=None, wrap_lines=True)


def _draw_call(call: RequestOfMessage) -> None:
    figures = [call.model, formatting.duration(call.total_latency_ms), call.error_type or ""]
    figures += titles_of(call)
    figures += [formatting.money(call.cost_usd)] if call.cost_usd is not None else []
    rows = "".join(_step(step) for step in call.steps)
    said = escape(text.one_line(" · ".join(filter(None, figures))))
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"call-{call.id}"
    ):
        st.html(f'<p class="attune-call">{said}</p>', width="content")
        # It may be older than the period that the page begins with
        links.draw("ai-metrics", "Open request", icon="monitoring", request=str(call.id), days="90")
    if rows:
        st.html(f'<ol class="attune-steps">{rows}</ol>')


def _step(step: dict[str, Any]) -> str:
    took = step.get("duration_ms", step.get("duration"))
    error = step.get("error") or step.get("error_type")
    facts = [
        formatting.duration(int(took)) if isinstance(took, int | float) else "",
        text.one_line(str(error))[:200] if error else "",
    ]
    name = text.one_line(str(step.get("name") or step.get("kind") or "step"))[:200]
    tone = ' class="attune-bad"' if error else ""
    return (
        f"<li{tone}><b>{escape(name)}</b> "
        f"<small>{escape(' · '.join(filter(None, facts)))}</small></li>"
    )


@errors.action
def _open(message_id: UUID) -> None:
    """Read the rest of a long message; from a callback."""
    with guard.work() as (session, actor), transaction(Database.AI) as ai:
        found = read_message(session, ai, str(message_id), context=0, actor=actor)
    state.put(_key(message_id), found.message.content)


def _key(message_id: UUID) -> str:
    return f"tuning.whole.{message_id}"
