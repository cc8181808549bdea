"""Conversations with search, latest first."""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

import streamlit as st

from core.annotations.queries import annotation_list
from core.conversations.opinions import ConversationOpinion
from core.conversations.queries import conversations
from core.conversations.schemas import ConversationState
from core.conversations.views import ConversationFilter, ConversationOrder
from core.database.db import Database, transaction
from core.database.paging import Window
from core.identity.permissions import Permission, may
from core.insights.queries.conversation_detail import read_conversation
from core.scores.queries import score_list
from core.scores.queries.conditions import HasScore
from pages._ui import errors, guard, state, tables, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar, filter_state
from pages._ui.filters.selection import Filters
from pages._ui.review import conversation_list, message_list
from pages._ui.tables import Sorting

PAGE, SHOWN = "tuning", 25
IN_DRAWER, DRAWER = 30, "tuning.drawer"
FIRST, MORE = (
    ("q", "model", "rating"),
    (
        "sort",
        "annotated",
        "status",
        "environment",
        "app",
        "release",
        "prompt_version",
        "experiment_arm",
        "user_id",
    ),
)
SCORED = ("score", "score_below", "score_above", "score_label", "scored_on")
OFFERS: dict[str, Mapping[str, str]] = {
    "rating": {str(opinion): said for opinion, said in conversation_list.OPINIONS.items()},
    "annotated": {"yes": "Annotated", "no": "Not annotated"},
    "status": {str(status): said for status, said in conversation_list.STATES.items()},
}
ORDERS = {
    "": "Last message: newest",
    ConversationOrder.OLDEST_FIRST: "Last message: oldest",
    ConversationOrder.MOST_MESSAGES: "Messages: most",
    ConversationOrder.FEWEST_MESSAGES: "Messages: fewest",
}


def draw(reads: Reads, header: watch.Header) -> None:
    names = {name: name for name in reads.ask(score_list.list_names)}
    more = (*MORE, *SCORED) if names else MORE
    chosen = filter_bar.draw(
        PAGE, reads, FIRST, more, offers=OFFERS | {"sort": ORDERS, "score": names}
    )
    watch.say_what_is_left("conversations", "conversations", reads, chosen)
    has_rows = draw_list(reads, chosen)
    header.finish(reads, chosen, csv="ai/tuning/conversations" if has_rows else None)


@errors.part("Conversations")
def draw_list(reads: Reads, chosen: Filters) -> bool:
    """Draw a page of conversations, with a search each with its first match; return whether there
    are any.
    """
    count = st.empty()
    at = f"{PAGE}.{hash((chosen.period, tuple(chosen.chosen.items())))}"
    sees_costs = may(reads.actor, Permission.WATCH)
    order = chosen.one_of(ConversationOrder, "sort") or ConversationOrder.LATEST_FIRST
    page = reads.ask(
        conversations.list_conversations,
        conversation_filter(chosen),
        chosen.period,
        chosen.watched,
        window=tables.window(at, SHOWN),
        order=order,
    )
    if not page.total_count:
        watch.nothing_here(PAGE, "conversations", reads, chosen)
        return False
    conversation_list.draw_count(count, page.total_count, chosen["q"])
    if chosen["q"]:
        conversation_list.draw_found(page.items, chosen.period.zone)
        tables.draw_pages(page.total_count, SHOWN, at)
    else:
        zone = chosen.period.zone
        conversation_list.draw_table(
            page,
            reads,
            zone,
            at,
            Sorting(order, sort),
            sees_costs=sees_costs,
            draw_messages=partial(_draw_messages, zone, sees_costs=sees_costs),
        )
    return True


def sort(order: str) -> None:
    """Set the order, from a callback; the default is not in the address."""
    filter_state.put(PAGE, sort=order if order != ConversationOrder.LATEST_FIRST else "")


def _draw_messages(zone: str, id_: UUID, *, sees_costs: bool) -> None:
    """Draw the beginning of the conversation in the drawer; its first read there is audited."""
    is_opening = state.get(DRAWER, None) != id_
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        found = read_conversation(
            core, ai, str(id_), Window(IN_DRAWER), is_opening=is_opening, actor=actor
        )
        annotations = annotation_list.list_of_conversation(ai, id_, actor=actor)
    state.put(DRAWER, id_)
    message_list.draw(
        found.messages,
        zone,
        focus=None,
        sees_costs=sees_costs,
        annotations=annotations,
        reader=actor,
    )
    if found.total_count > len(found.messages):
        st.caption(f"First {len(found.messages)} of {found.total_count:,} messages")


def conversation_filter(chosen: Filters) -> ConversationFilter:
    annotated = {"yes": True, "no": False}.get(chosen["annotated"] or "")
    return ConversationFilter(
        q=chosen["q"],
        model=chosen["model"],
        rating=chosen.one_of(ConversationOpinion, "rating"),
        status=chosen.one_of(ConversationState, "status"),
        annotated=annotated,
        prompt_version=chosen["prompt_version"],
        experiment_arm=chosen["experiment_arm"],
        score=HasScore.read({name: chosen[name] for name in SCORED}, chosen.period.zone),
    )
