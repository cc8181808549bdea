"""Conversations in a table, or with their matches of a search."""

from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.conversations.opinions import ConversationOpinion
from core.conversations.queries import conversations
from core.conversations.schemas import ConversationState, MessageSpeaker
from core.conversations.views import (
    ConversationHit,
    ConversationOrder,
    ConversationSummary,
    TextPart,
)
from core.database.paging import Page
from core.presentation import formatting
from pages._ui import columns, dialogs, frame, links, tables, text
from pages._ui.cache import Reads
from pages._ui.tables import Sorting, TableColumn

LONGEST_NAME = 120
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
RATED = tuple(each for each in OPINIONS if each is not ConversationOpinion.UNRATED)
RATING_COLOURS = {"Positive": "green", "Neutral": "gray", "Negative": "orange"}


def draw_count(place: DeltaGenerator, total: int, q: str | None) -> None:
    found = "matching · first match shown" if q else "click a row for details, a header to sort"
    place.caption(f"{formatting.count(total, 'conversation')}{' ' if q else ' · '}{found}")


def draw_table(
    page: Page[ConversationSummary],
    reads: Reads,
    zone: str,
    at: str,
    sorting: Sorting,
    *,
    sees_costs: bool,
    draw_messages: Callable[[UUID], None],
) -> None:
    has_prompts = any(row.prompt_versions for row in page.items)
    has_arms = any(row.experiment_arms for row in page.items)
    shown: list[TableColumn[ConversationSummary]] = [
        columns.moment(
            "Last message",
            lambda row: row.last_message_at,
            zone,
            orders={ConversationOrder.LATEST_FIRST: "↓", ConversationOrder.OLDEST_FIRST: "↑"},
        ),
        # What the others leave of a table in a window of 1440 pixels
        columns.text("Conversation", name_of, width=420 - 100 * has_prompts - 160 * has_arms),
        columns.text("User", who, width=110),
        columns.chip(
            "Rating",
            lambda row: OPINIONS[row.opinion] if row.opinion in RATED else None,
            RATING_COLOURS,
            width=85,
        ),
        columns.text("Model", lambda row: ", ".join(row.models), width=130),
        columns.text(
            "Prompt", lambda row: ", ".join(row.prompt_versions), width=100, is_optional=True
        ),
        columns.text(
            "Arm", lambda row: ", ".join(row.experiment_arms), width=160, is_optional=True
        ),
        columns.number(
            "Messages",
            lambda row: row.message_count,
            width=85,
            orders={ConversationOrder.MOST_MESSAGES: "↓", ConversationOrder.FEWEST_MESSAGES: "↑"},
        ),
        columns.text("Status", lambda row: STATES[row.status], width=90),
    ]
    if sees_costs:
        shown.append(columns.figure("Cost", _cost, width=80))
    tables.draw_page(
        page,
        shown,
        "conversation",
        name="conversations",
        at=at,
        on_open=dialogs.open_row,
        sorting=sorting,
    )
    dialogs.draw_opened(
        page.items,
        "Conversation",
        partial(_draw_one, zone, sees_costs=sees_costs, draw_messages=draw_messages),
        lambda id_: reads.ask(conversations.get_conversation, dialogs.id_of(id_)),
    )


def _draw_one(
    zone: str,
    row: ConversationSummary,
    *,
    sees_costs: bool,
    draw_messages: Callable[[UUID], None],
) -> None:
    frame.section(text.plain(name_of(row)))
    frame.facts(
        {
            "User": who(row),
            "Rating": OPINIONS[row.opinion],
            "Last message": formatting.moment(row.last_message_at, zone),
            "Messages": f"{row.message_count:,}",
            "Model": ", ".join(row.models),
            "Prompt": ", ".join(row.prompt_versions),
            "Arm": ", ".join(row.experiment_arms),
            "Status": STATES[row.status],
            "Cost": _cost(row) if sees_costs else None,
            "ID": row.external_id,
        }
    )
    dialogs.draw_link("tuning", "Open conversation", "forum", conversation=str(row.id))
    if row.user_id is not None:
        place = {"user": str(row.user_id), "environment": row.environment}
        links.draw("users", "Open user", icon="person", **place)
    draw_messages(row.id)


def _cost(row: ConversationSummary) -> str:
    return formatting.cost(row.total_cost_usd, row.unpriced_requests)


def draw_found(rows: Sequence[ConversationSummary], zone: str) -> None:
    for row in rows:
        with st.container(border=True, gap="xsmall", key=f"found-{row.id}"):
            message = str(row.hit.message_id) if row.hit is not None else None
            with st.container(key=f"list-found-{row.id}"):
                label = f"**{text.plain(name_of(row))}**"
                st.button(
                    label,
                    type="tertiary",
                    key=f"tuning.open.{row.id}",
                    on_click=show,
                    args=(str(row.id), message),
                )
            if row.hit is not None:
                st.html(f'<p class="attune-found">{_hit_html(row.hit)}</p>')
            st.caption(text.plain(" · ".join(_facts(row, zone))))


def show(conversation: str, message: str | None = None) -> None:
    """Open a conversation, optionally at a message; from a callback."""
    st.query_params["conversation"] = conversation
    if message is not None:
        st.query_params["message"] = message


def marked(parts: Sequence[TextPart]) -> str:
    """Return escaped HTML with the matches marked."""
    return "".join(
        f"<mark>{escape(part.text)}</mark>" if part.is_hit else escape(part.text) for part in parts
    )


def name_of(row: ConversationSummary) -> str:
    """Return a conversation's title, else its beginning."""
    return text.one_line(row.title or row.opening or row.external_id)[:LONGEST_NAME]


def who(row: ConversationSummary) -> str:
    return text.one_line(row.user_name or row.user_external_id or "")


def _hit_html(hit: ConversationHit) -> str:
    more = (
        f" <small>+ {formatting.count(hit.messages - 1, 'more match', 'more matches')}</small>"
        if hit.messages > 1
        else ""
    )
    return (
        f"<small>{SPEAKERS[hit.role]}, message {hit.position + 1}</small> "
        f"<bdi>{marked(hit.parts)}</bdi>{more}"
    )


def _facts(row: ConversationSummary, zone: str) -> list[str]:
    rating = OPINIONS[row.opinion].lower() if row.opinion in RATED else ""
    facts = [
        formatting.moment(row.last_message_at, zone),
        who(row),
        ", ".join(row.models),
        formatting.count(row.message_count, "message"),
    ]
    return [fact for fact in (*facts, rating) if fact]
