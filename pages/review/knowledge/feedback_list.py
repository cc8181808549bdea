"""Users' feedback: metrics and a table, each rating with its conversation in a drawer."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

import streamlit as st

from core.conversations.errors import ConversationMissing, MessageMissing
from core.conversations.opinions import ConversationOpinion
from core.identity.permissions import Permission, may
from core.knowledge import charts as feedback_charts
from core.knowledge.feedback.kpis import feedback_kpis
from core.knowledge.feedback.queries import feedback_figures, feedback_list
from core.knowledge.views import (
    FeedbackFilter,
    FeedbackStats,
    FeedbackView,
    Ratings,
    RatingsOfModel,
)
from core.presentation import formatting
from core.presentation.periods import DAY
from pages._ui import (
    charts,
    columns,
    definitions,
    dialogs,
    errors,
    frame,
    kpis,
    links,
    tables,
    text,
    watch,
)
from pages._ui.cache import Reads
from pages._ui.charts import Point
from pages._ui.filters import filter_bar, filter_state
from pages._ui.filters.selection import Filters
from pages._ui.review import annotation_edit, conversation_list, message_context, message_list
from pages._ui.review.conversation_list import OPINIONS
from pages._ui.tables import TableColumn
from pages._ui.watch import Header

PAGE, SHOWN, AROUND = "feedback", 15, 6
HAS = {"comment": "Has comment", "edited_text": "Has edited answer"}
RATED = {str(opinion): OPINIONS[opinion] for opinion in conversation_list.RATED}
TOO_FEW = "Fewer than ten ratings: too few for an interval."
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
        _draw_figures(found, chosen)
        _draw_list(reads, chosen)
    place.finish(reads, chosen, csv="ai/knowledge/feedback")


def feedback_filter(chosen: Filters) -> FeedbackFilter:
    rating = ConversationOpinion(chosen.chosen["rating"]) if chosen["rating"] in RATED else None
    has: dict[str | None, Literal["comment", "edited_text"]] = {
        "comment": "comment",
        "edited_text": "edited_text",
    }
    return FeedbackFilter(rating, chosen["q"], has.get(chosen["has"]))


@errors.part("Metrics")
def _draw_figures(found: FeedbackStats, chosen: Filters) -> None:
    note = f"95% interval {_interval(found)} (Wilson)." if found.low is not None else TOO_FEW
    notes = definitions.with_notes(definitions.FEEDBACK, {"positive": note})
    kpis.draw(feedback_kpis(found), notes=notes)
    left, right = st.columns([1.6, 1], gap="medium")
    zone = chosen.period.zone
    with left, watch.panel("Ratings by day", "positive: thumbs-up, or 4–5 of 5"):

        def look(point: Point) -> None:
            filter_state.look_at(PAGE, point.moment(zone), point.moment(zone) + DAY)

        chart = feedback_charts.ratings(charts.palette(), found.days, zone)
        charts.show(chart, "feedback.chart", on_pick=look)
    with right, watch.panel("By model", "95% interval (Wilson)"):
        shown: Sequence[TableColumn[RatingsOfModel]] = [
            columns.text("Model", lambda row: row.model or "Unknown", width=150),
            columns.number("Ratings", lambda row: row.rated, width=70),
            columns.text("Positive", lambda row: formatting.share(row.ratio), width=75),
            columns.text("95% interval", _interval, width=115),
        ]
        tables.draw(
            found.models,
            shown,
            formatting.count(len(found.models), "model"),
            key="feedback.models",
            most=6,
        )
        if found.models_of < found.rated:
            st.caption(f"Based on the latest {found.models_of:,} ratings.")


def _interval(found: Ratings) -> str:
    if found.low is None:
        return formatting.NOTHING
    return f"{formatting.share(found.low)} to {formatting.share(found.high)}"


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
