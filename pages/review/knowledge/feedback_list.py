"""What users thought: figures, a table, and beside it the conversation that the selected one is about."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import pandas as pd
import streamlit as st

from core.annotations.review_queue import sampling_rules
from core.annotations.schemas import AskedFor
from core.conversations.errors import ConversationMissing, MessageMissing
from core.conversations.opinions import ConversationOpinion
from core.database.db import Database, transaction
from core.database.paging import Window
from core.identity.permissions import Permission, may
from core.insights.conversation_detail import Reading, read_conversation
from core.knowledge import charts as feedback_charts
from core.knowledge.answers import FeedbackFilter, FeedbackStats, FeedbackView
from core.knowledge.feedback import feedback_figures, feedback_list
from core.knowledge.feedback.tiles import feedback_tiles
from core.presentation import words
from pages._ui import charts, errors, filters, guard, links, state, tables, text, tiles, watch
from pages._ui.cache import Reads
from pages._ui.filters import Filters
from pages._ui.lists import message_list, user_list
from pages._ui.lists.conversation_list import OPINIONS
from pages._ui.watch import Header

PAGE, SHOWN, AROUND, LONGEST = "feedback", 15, 6, 200
OPENED = "feedback.opened"
HAS = {"comment": "Has comment", "edited_text": "Has edited answer"}
RATED = {str(opinion): said for opinion, said in OPINIONS.items() if opinion is not ConversationOpinion.UNRATED}
column = st.column_config
COLUMNS = {
    "Created": column.DatetimeColumn(format="D MMM HH:mm", width=105),
    "Rating": column.MultiselectColumn(options=list(RATED.values()), color=["green", "gray", "orange"], width=85),
    "Comment": column.TextColumn(width=180),
    "User": column.TextColumn(width=115),
    "Model": column.TextColumn(width=130),
    "Edited": column.CheckboxColumn(width=60),
}
MODEL_COLUMNS = {
    "Model": column.TextColumn(width=150),
    "Ratings": column.NumberColumn(format="localized", width=70),
    "Positive": column.TextColumn(width=75),
    "95% interval": column.TextColumn(width=115),
}


def draw(reads: Reads, place: Header) -> None:
    """Draw the feedback of the period: how much of it is positive, and all of it."""
    offers = {"rating": RATED, "has": HAS}
    chosen = filters.bar(PAGE, reads, ("q", "rating", "has"), ("environment", "app", "user_id"), offers=offers)
    found = reads.ask_both(feedback_figures.feedback_stats, wanted(chosen), chosen.period, chosen.watched)
    if not found.rated:
        watch.nothing_here(PAGE, "feedback", reads, chosen)
    else:
        _draw_figures(found, chosen)
        _draw_list(reads, chosen)
    place.finish(reads, chosen, csv="ai/knowledge/feedback")


def wanted(chosen: Filters) -> FeedbackFilter:
    """Return which feedback is wanted; what the address says and we do not know is no filter."""
    rating = ConversationOpinion(chosen.chosen["rating"]) if chosen["rating"] in RATED else None
    has: dict[str | None, Literal["comment", "edited_text"]] = {"comment": "comment", "edited_text": "edited_text"}
    return FeedbackFilter(rating, chosen["q"], has.get(chosen["has"]))


@errors.part("Metrics")
def _draw_figures(found: FeedbackStats, chosen: Filters) -> None:
    note = f"95% interval {words.share(found.low)} to {words.share(found.high)} (Wilson)"
    tiles.draw(feedback_tiles(found), notes={"positive": note})
    left, right = st.columns([1.6, 1], gap="medium")
    zone = chosen.period.zone
    with left, watch.panel("Ratings by day", "positive: thumbs-up, or 4–5 of 5"):
        charts.show(feedback_charts.ratings(charts.palette(), found.days, zone), "feedback.chart")
    with right, watch.panel("By model", "95% interval (Wilson)"):
        table = pd.DataFrame(
            {
                "Model": [text.one_line(row.model) or "Unknown" for row in found.models],
                "Ratings": [row.rated for row in found.models],
                "Positive": [words.share(row.ratio) for row in found.models],
                "95% interval": [f"{words.share(row.low)} – {words.share(row.high)}" for row in found.models],
            }
        )
        tables.show(table, words.count(len(found.models), "model"), key="feedback.models", columns=MODEL_COLUMNS, most=6)
        if found.models_of < found.rated:
            st.caption(f"Based on the latest {found.models_of:,} ratings.")


@errors.part("Feedback")
def _draw_list(reads: Reads, chosen: Filters) -> None:
    at = f"{PAGE}.{hash((chosen.period, tuple(chosen.chosen.items())))}"
    window = Window(SHOWN, (state.get(f"{at}.page", 1) - 1) * SHOWN)
    asked = wanted(chosen), chosen.period, chosen.watched
    page = reads.ask_both(feedback_list.list_feedback, *asked, window=window)
    left, right = st.columns([1.8, 1], gap="medium")
    with left, watch.panel("Feedback", "newest first · select a row to see the conversation"):
        number = _draw_table(page.items, chosen.period.zone, f"{at}.{window.offset}")
        tables.draw_pages(page.total_count, SHOWN, at)
    with right:
        _draw_one(page.items[number] if number is not None else None, reads, chosen.period.zone)


def _draw_table(rows: Sequence[FeedbackView], zone: str, key: str) -> int | None:
    table = pd.DataFrame(
        {
            "Created": user_list.times([row.created_at for row in rows], zone),
            "Rating": [[OPINIONS[row.opinion]] for row in rows],
            "Comment": [text.one_line(row.comment or "")[:LONGEST] for row in rows],
            "User": [text.one_line(row.user_name or row.user_external_id or "") for row in rows],
            "Model": [row.model or "" for row in rows],
            "Edited": [bool(row.edited_text) for row in rows],
        }
    )
    return tables.choose(table, words.count(len(rows), "rating"), key=key, columns=COLUMNS)


def _draw_one(row: FeedbackView | None, reads: Reads, zone: str) -> None:
    with watch.panel("Conversation"), st.container(border=True, gap="xsmall", key="feedback-one"):
        if row is None:
            st.caption("Select a rating to see its conversation here.")
            return
        if row.conversation_id is None:
            st.caption("No linked conversation.")
            return
        try:
            found = _read(row)
        except (ConversationMissing, MessageMissing) as missing:
            st.caption(missing.detail)
            return
        place = {"conversation": str(row.conversation_id)} | ({"message": str(row.message_id)} if row.message_id else {})
        links.draw("tuning", "Open conversation", icon="forum", **place)
        if row.message_id is not None and may(reads.actor, Permission.ANNOTATE):
            key = f"feedback.queue.{row.id}"
            st.button(
                "Add to review queue", icon=":material/playlist_add:", key=key, on_click=ask_for, args=(str(row.message_id),)
            )
        focus = str(row.message_id) if row.message_id else None
        sees_costs = may(reads.actor, Permission.WATCH)
        message_list.draw(found.messages, zone, focus=focus, sees_costs=sees_costs)
        message_list.draw_feedback(found.feedback, zone, None)


@errors.action
def ask_for(message_id: str) -> None:
    """Have an answer reviewed."""
    with guard.work() as (session, actor), transaction(Database.AI) as ai:
        sampling_rules.ask_for(session, ai, AskedFor(message_id=message_id), actor=actor)
    state.toast("Added to review queue")


def _read(row: FeedbackView) -> Reading:
    """Read what was said around it; the first time in a tab, it is written down."""
    opened: set[UUID] = state.get(OPENED, set())
    focus = str(row.message_id) if row.message_id else None
    is_opening = row.conversation_id not in opened
    with guard.work() as (session, actor), transaction(Database.AI) as ai:
        name = str(row.conversation_id)
        found = read_conversation(session, ai, name, Window(AROUND), focus=focus, is_opening=is_opening, actor=actor)
    state.put(OPENED, opened | {found.conversation.id})
    return found
