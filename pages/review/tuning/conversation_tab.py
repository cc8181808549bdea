"""Conversations: what users and the assistant said, the latest first, found by words."""

import streamlit as st

from core.conversations import queries
from core.conversations.answers import ConversationFilter
from core.conversations.opinions import ConversationOpinion
from core.conversations.schemas import ConversationState
from core.database.paging import Window
from core.identity.permissions import Permission, may
from pages._ui import errors, filters, state, tables, watch
from pages._ui.cache import Reads
from pages._ui.filters import Filters
from pages._ui.lists import conversation_list
from pages._ui.lists.conversation_list import SHOWN

PAGE = "tuning"
FIRST, MORE = ("q", "model", "rating"), ("annotated", "status", "environment", "app", "release", "user_id")
OFFERS: filters.Offers = {
    "rating": {str(opinion): said for opinion, said in conversation_list.OPINIONS.items()},
    "annotated": {"yes": "Annotated", "no": "Not annotated"},
    "status": {str(status): said for status, said in conversation_list.STATES.items()},
}


def draw(reads: Reads, header: watch.Header) -> None:
    """Draw the filters and all conversations that they match."""
    chosen = filters.bar(PAGE, reads, FIRST, MORE, offers=OFFERS)
    draw_list(reads, chosen)
    header.finish(reads, chosen, csv="ai/tuning/conversations")


@errors.part("Conversations")
def draw_list(reads: Reads, chosen: Filters) -> None:
    """Draw one page of conversations; of those that were searched for, with the words that were found."""
    count = st.empty()
    at = f"{PAGE}.{hash((chosen.period, tuple(chosen.chosen.items())))}"
    number = state.get(f"{at}.page", 1)
    window = Window(SHOWN, (number - 1) * SHOWN)
    page = reads.ask(queries.list_conversations, wanted(chosen), chosen.period, chosen.watched, window=window)
    if not page.total_count:
        watch.nothing_here(PAGE, "conversations", reads, chosen)
        return
    conversation_list.draw_count(count, page.total_count, chosen["q"])
    if chosen["q"]:
        conversation_list.draw_found(page.items, chosen.period.zone)
    else:
        sees_costs = may(reads.actor, Permission.WATCH)
        conversation_list.draw_table(page.items, chosen.period.zone, f"{at}.{number}", sees_costs=sees_costs)
    tables.draw_pages(page.total_count, SHOWN, at)


def wanted(chosen: Filters) -> ConversationFilter:
    """Return which conversations are wanted; what the address says and we do not know is no filter."""
    rating = ConversationOpinion(chosen.chosen["rating"]) if chosen["rating"] in set(ConversationOpinion) else None
    status = ConversationState(chosen.chosen["status"]) if chosen["status"] in set(ConversationState) else None
    annotated = {"yes": True, "no": False}.get(chosen["annotated"] or "")
    return ConversationFilter(q=chosen["q"], model=chosen["model"], rating=rating, status=status, annotated=annotated)
