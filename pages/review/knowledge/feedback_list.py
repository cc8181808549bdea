"""Users' feedback: metrics and a table, each rating with its conversation in a drawer."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

import streamlit as st

from core.conversations.errors import ConversationMissing, MessageMissing
from core.conversations.opinions import ConversationOpinion
from core.identity.permissions import Permission, may
from core.knowledge.feedback.queries import feedback_figures, feedback_list
from core.knowledge.views import FeedbackFilter, FeedbackView
from core.presentation import formatting
from pages._ui import columns, dialogs, errors, frame, links, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar
from pages._ui.filters.selection import Filters
from pages._ui.review import annotation_edit, conversation_list, message_context, message_list
from pages._ui.review.conversation_list import OPINIONS
from pages._ui.tables import TableColumn
from pages._ui.watch import Header
from pages.review.knowledge import feedback_metrics
from pages.review.knowledge.feedback_metrics import PAGE

SHOWN, AROUND = 15, 6
HAS = {"comment": "Has comment", "edited_text": "Has edited answer"}
RATED = {str(opinion): OPINIONS[opinion] for opinion in conversation_list.RATED}
COLOURS = dict(zip(RATED.values(), ("green", "gray", "orange"), strict=True))


def draw(reads: Reads, place: Header) -> None:
    offers = {"rating": RATED, "has": HAS}
    chosen = filter_bar.draw(
        PAGE, reads, ("q", "rating", "has"), ("environment", "app", "user_id"), offers=offers
    )
    watch.say_what_is_left("ratings", "ai_feedback", reads, chosen)
    found = reads.ask_both(
        feedback_figures.feedback_stats, feedback_filter(chosen), chosen.period, chosen.watched
    )
    if not found.rated:
        watch.nothing_here(PAGE, "ratings", reads, chosen)
    else:
        feedback_metrics.draw(found, chosen)
        _draw_list(reads, chosen)
    place.finish(reads, chosen, csv="ai/knowledge/feedback" if found.rated else None)


def feedback_filter(chosen: Filters) -> FeedbackFilter:
    rating = ConversationOpinion(chosen.chosen["rating"]) if chosen["rating"] in RATED else None
    has: dict[str | None, Literal["comment", "edited_text"]] = {
        "comment": "comment",
        "edited_text": "edited_text",
    }
    return FeedbackFilter(rating, chosen["q"], has.get(chosen["has"]))


@errors.part("Feedback")
def _draw_list(reads: Reads, chosen: Filters) -> None:
    at = f"{PAGE}.{hash((chosen.period, tuple(chosen.chosen.items())))}"
    zone, asked = chosen.period.zone, (feedback_filter(chosen), chosen.period, chosen.watched)
    page = reads.ask_both(feedback_list.list_feedback, *asked, window=tables.window(at, SHOWN))
    with watch.panel("Feedback", "newest first · click a row to see the conversation"):
        tables.draw_page(
            page, _columns(zone), "rating", name="feedback", at=at, on_open=dialogs.open_row
        )
    dialogs.draw_opened(page.items, "Feedback", partial(_draw_one, reads, zone), dialogs.no_read)


def _columns(zone: str) -> Sequence[TableColumn[FeedbackView]]:
    return [
        columns.moment(
            "Created", lambda row: row.created_at, zone, format="D MMM HH:mm", width=105
        ),
        columns.chip("Rating", lambda row: OPINIONS[row.opinion], COLOURS, width=85),
        columns.text("Comment", lambda row: row.comment, width=420),
        columns.text("User", _who, width=160),
        columns.text("Model", lambda row: row.model, width=160),
        TableColumn(
            "Edited", lambda row: bool(row.edited_text), st.column_config.CheckboxColumn(width=60)
        ),
    ]


def _who(row: FeedbackView) -> str:
    return text.one_line(row.user_name or row.user_external_id or "")


def _draw_one(reads: Reads, zone: str, row: FeedbackView) -> None:
    frame.facts(
        {
            "Rating": OPINIONS[row.opinion],
            "Created": formatting.moment(row.created_at, zone),
            "User": _who(row),
            "Model": row.model,
            "Comment": row.comment,
        }
    )
    with st.container(gap="xsmall", key="feedback-one"):
        if row.conversation_id is None:
            st.caption("No linked conversation.")
            return
        try:
            found = message_context.read(row.conversation_id, row.message_id, messages=AROUND)
        except (ConversationMissing, MessageMissing) as missing:
            st.caption(missing.detail)
            return
        place = {"conversation": str(row.conversation_id)} | (
            {"message": str(row.message_id)} if row.message_id else {}
        )
        links.draw("tuning", "Open conversation", icon="forum", **place)
        if row.message_id is not None and may(reads.actor, Permission.ANNOTATE):
            key = f"feedback.queue.{row.id}"
            st.button(
                "Add to review queue",
                icon=":material/playlist_add:",
                key=key,
                on_click=annotation_edit.add_to_queue,
                args=(row.message_id,),
            )
        focus = str(row.message_id) if row.message_id else None
        sees_costs = may(reads.actor, Permission.WATCH)
        message_list.draw(found.messages, zone, focus=focus, sees_costs=sees_costs)
        message_list.draw_feedback(found.feedback, zone, None)
