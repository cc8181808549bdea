"""Conversations in a table, or, when words were searched for, each with what was found in it."""

from collections.abc import Sequence
from html import escape

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.conversations.answers import ConversationSummary, Hit, TextPart
from core.conversations.opinions import ConversationOpinion
from core.conversations.schemas import ConversationState, MessageSpeaker
from core.presentation import words
from pages._ui import tables, text
from pages._ui.lists import user_list

SHOWN, LONGEST_NAME = 25, 120
OPINIONS: dict[ConversationOpinion, str] = {
    ConversationOpinion.POSITIVE: "Positive",
    ConversationOpinion.NEUTRAL: "Neutral",
    ConversationOpinion.NEGATIVE: "Negative",
    ConversationOpinion.UNRATED: "Not rated",
}
STATES: dict[ConversationState, str] = {
    ConversationState.ACTIVE: "Active",
    ConversationState.WAITING_HUMAN: "Waiting for handoff",
    ConversationState.HUMAN: "Handed off",
    ConversationState.CLOSED: "Closed",
}
SPEAKERS: dict[MessageSpeaker, str] = {
    MessageSpeaker.USER: "User",
    MessageSpeaker.ASSISTANT: "Assistant",
    MessageSpeaker.SYSTEM: "System",
    MessageSpeaker.TOOL: "Tool",
}
column = st.column_config
COLUMNS = {
    "Last message": column.DatetimeColumn(format="D MMM YYYY HH:mm", width=140),
    "Conversation": column.TextColumn(width=300),
    "User": column.TextColumn(width=130),
    "Rating": column.MultiselectColumn(
        options=[OPINIONS[each] for each in list(ConversationOpinion)[:3]], color=["green", "gray", "orange"], width=90
    ),
    "Model": column.TextColumn(width=140),
    "Messages": column.NumberColumn(format="localized", width=80),
    "Status": column.TextColumn(width=130),
    "Cost": column.NumberColumn(format="$%.4f", width=90),
}


def draw_count(place: DeltaGenerator, total: int, q: str | None) -> None:
    """Say how many there are."""
    found = "matching · first match shown" if q else "select a row to open it"
    place.caption(f"{words.count(total, 'conversation')}{' ' if q else ' · '}{found}")


def draw_table(rows: Sequence[ConversationSummary], zone: str, key: str, *, sees_costs: bool) -> None:
    """Draw one page of conversations."""
    table = pd.DataFrame(
        {
            "Last message": user_list.times([row.last_message_at for row in rows], zone),
            "Conversation": [name_of(row) for row in rows],
            "User": [who(row) for row in rows],
            "Rating": [[OPINIONS[row.opinion]] if row.opinion is not ConversationOpinion.UNRATED else [] for row in rows],
            "Model": [", ".join(row.models) for row in rows],
            "Messages": [row.message_count for row in rows],
            "Status": [STATES[row.status] for row in rows],
        }
    )
    if sees_costs:
        table["Cost"] = [float(row.total_cost_usd) if row.total_cost_usd else None for row in rows]

    def picked(number: int) -> None:
        show(str(rows[number].id))

    tables.show(table, words.count(len(rows), "conversation"), key=key, columns=COLUMNS, on_pick=picked)


def draw_found(rows: Sequence[ConversationSummary], zone: str) -> None:
    """Draw conversations with the words that were searched for."""
    for row in rows:
        with st.container(border=True, gap="xsmall", key=f"found-{row.id}"):
            message = str(row.hit.message_id) if row.hit is not None else None
            with st.container(key=f"list-found-{row.id}"):
                label = f"**{text.plain(name_of(row))}**"
                st.button(label, type="tertiary", key=f"tuning.open.{row.id}", on_click=show, args=(str(row.id), message))
            if row.hit is not None:
                st.html(f'<p class="attune-found">{_found(row.hit)}</p>')
            st.caption(text.plain(" · ".join(_facts(row, zone))))


def show(conversation: str, message: str | None = None) -> None:
    """Open one, at a message if one is named; from a callback."""
    st.query_params["conversation"] = conversation
    if message is not None:
        st.query_params["message"] = message


def marked(parts: Sequence[TextPart]) -> str:
    """Return a text as HTML in which nothing but the marks is markup."""
    return "".join(f"<mark>{escape(part.text)}</mark>" if part.is_hit else escape(part.text) for part in parts)


def name_of(row: ConversationSummary) -> str:
    """Return what a conversation is called: its title, or how it began."""
    return text.one_line(row.title or row.opening or row.external_id)[:LONGEST_NAME]


def who(row: ConversationSummary) -> str:
    """Return who spoke with the assistant."""
    return text.one_line(row.user_name or row.user_external_id or "")


def _found(hit: Hit) -> str:
    more = f" <small>+ {words.count(hit.messages - 1, 'more match', 'more matches')}</small>" if hit.messages > 1 else ""
    return f"<small>{SPEAKERS[hit.role]}, message {hit.position + 1}</small> <bdi>{marked(hit.parts)}</bdi>{more}"


def _facts(row: ConversationSummary, zone: str) -> list[str]:
    rating = OPINIONS[row.opinion].lower() if row.opinion is not ConversationOpinion.UNRATED else ""
    facts = [words.moment(row.last_message_at, zone), who(row), ", ".join(row.models), words.count(row.message_count, "message")]
    return [fact for fact in (*facts, rating) if fact]
