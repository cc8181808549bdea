"""Messages of a conversation, each with what was asked of models and tools for it, folded, and with what its user thought."""

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
from core.insights.conversation_detail import Judgement, ReadMessage, RequestOfMessage, read_message
from core.presentation import words
from pages._ui import diff, errors, guard, links, markdown, state, text
from pages._ui.lists import annotation_list
from pages._ui.lists.conversation_list import SPEAKERS, marked

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
    """Draw messages in their order, with what reviewers said of each; the one in focus has an edge of its own.

    Annotations are changed there by whoever may, if the reader is named.
    """
    for message in messages:
        is_focus = focus is not None and focus in (str(message.id), message.external_id)
        with st.container(key=f"{'focus' if is_focus else 'message'}-{message.id}"):
            name = message.role if message.role in (MessageSpeaker.USER, MessageSpeaker.ASSISTANT) else "system"
            with st.chat_message(name, avatar=AVATARS[message.role]):
                _draw_words(message)
                _draw_small_print(message, zone, sees_costs=sees_costs)
                _draw_calls(message)
                draw_feedback(message.feedback, zone, message.content)
                of_it = [each for each in annotations if each.message_id == message.id]
                annotation_list.draw(of_it, zone, None if message.is_cut else message.content, reader)


def draw_feedback(given: Sequence[Judgement], zone: str, answer: str | None) -> None:
    """Draw what users thought, with the answer as they would have had it."""
    for each in given:
        how = in_words(each.rating, each.scale)
        tone = TONES.get(each.opinion, "step")
        at = words.moment(each.created_at, zone)
        comment = f" <bdi>“{escape(text.upright(each.comment))}”</bdi>" if each.comment else ""
        st.html(f'<p class="attune-judged"><span class="attune-chip attune-{tone}">{how}</span>{comment} <small>{at}</small></p>')
        if each.edited_text:
            with st.expander("User's edited answer", icon=":material/edit_note:"):
                diff.draw(answer or "", each.edited_text)


def _draw_words(message: ReadMessage) -> None:
    whole: str | None = state.get(_key(message.id), None)
    if message.role in FOLDED:
        opening = text.plain(text.one_line(message.content)[:80]) or "empty"
        with st.expander(f"{SPEAKERS[message.role]}: {opening}", expanded=message.parts is not None):
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
        st.button(label, type="tertiary", key=f"{_key(message.id)}.all", on_click=_open, args=(message.id,))


def _draw_as_written(said: str) -> None:
    st.html(f'<div class="attune-words" dir="auto">{said}</div>')


def _draw_small_print(message: ReadMessage, zone: str, *, sees_costs: bool) -> None:
    figures = [words.moment(message.created_at, zone), message.model or ""]
    if message.latency_ms is not None:
        figures.append(words.duration(message.latency_ms))
    if message.tokens is not None:
        figures.append(words.count(message.tokens, "token"))
    if sees_costs and message.cost_usd is not None:
        figures.append(words.money(message.cost_usd))
    st.caption(text.plain(text.one_line(" · ".join(filter(None, figures)))))


def _draw_calls(message: ReadMessage) -> None:
    steps = [step for call in message.requests for step in call.steps]
    tools = message.tool_calls or [tool for call in message.requests for tool in call.tool_calls]
    if not (tools or message.requests):
        return
    counts = [words.count(len(tools), "tool call") if tools else "", words.count(len(steps), "step") if steps else ""]
    counts += [words.count(len(message.requests), "AI request") if message.requests else ""]
    with st.expander(", ".join(filter(None, counts)), icon=":material/account_tree:"), st.container(gap="xsmall"):
        for call in message.requests:
            _draw_call(call)
        if tools:
            st.code(json.dumps(tools, ensure_ascii=False, indent=1)[:LONGEST_JSON], language=None, wrap_lines=True)


def _draw_call(call: RequestOfMessage) -> None:
    figures = [call.model, words.duration(call.total_latency_ms), call.error_type or ""]
    figures += [words.money(call.cost_usd)] if call.cost_usd is not None else []
    rows = "".join(_step(step) for step in call.steps)
    said = escape(text.one_line(" · ".join(filter(None, figures))))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"call-{call.id}"):
        st.html(f'<p class="attune-call">{said}</p>', width="content")
        links.draw("ai-metrics", "Open request", icon="monitoring", request=str(call.id), days="90")
    if rows:
        st.html(f'<ol class="attune-steps">{rows}</ol>')


def _step(step: dict[str, Any]) -> str:
    took = step.get("duration_ms", step.get("duration"))
    error = step.get("error") or step.get("error_type")
    facts = [words.duration(int(took)) if isinstance(took, int | float) else "", text.one_line(str(error))[:200] if error else ""]
    name = text.one_line(str(step.get("name") or step.get("kind") or "step"))[:200]
    tone = ' class="attune-bad"' if error else ""
    return f"<li{tone}><b>{escape(name)}</b> <small>{escape(' · '.join(filter(None, facts)))}</small></li>"


@errors.action
def _open(message_id: UUID) -> None:
    """Read a long message to its end; from a callback."""
    with guard.work() as (session, actor), transaction(Database.AI) as ai:
        found = read_message(session, ai, str(message_id), context=0, actor=actor)
    state.put(_key(message_id), found.message.content)


def _key(message_id: UUID) -> str:
    return f"tuning.whole.{message_id}"
