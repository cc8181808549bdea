"""The heading of a conversation: its name, rating and state, and facts in a line."""

import streamlit as st

from core.conversations.opinions import ConversationOpinion
from core.conversations.schemas import ConversationState
from core.conversations.views import ConversationSummary
from core.identity.schemas import Actor
from core.presentation import formatting
from pages._ui import text
from pages._ui.review import case_button, conversation_list

OPINION_TONES = {
    ConversationOpinion.POSITIVE: "green",
    ConversationOpinion.NEUTRAL: "gray",
    ConversationOpinion.NEGATIVE: "orange",
}
STATE_TONES = {
    ConversationState.WAITING_HUMAN: "orange",
    ConversationState.HUMAN: "blue",
    ConversationState.CLOSED: "gray",
}


def draw(one: ConversationSummary, zone: str, actor: Actor) -> None:
    with st.container(gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.title(text.plain(conversation_list.name_of(one)), anchor=False, width="content")
            if one.opinion in OPINION_TONES:
                st.badge(conversation_list.OPINIONS[one.opinion], color=OPINION_TONES[one.opinion])  # type: ignore[arg-type]  # colours by name
            if one.status in STATE_TONES:
                st.badge(conversation_list.STATES[one.status], color=STATE_TONES[one.status])  # type: ignore[arg-type]  # colours by name
            case_button.draw_for_conversation(one.id, actor)
        facts = [
            conversation_list.who(one),
            formatting.count(one.message_count, "message"),
            *one.models,
        ]
        said = f"last message {formatting.moment(one.last_message_at, zone)} ({zone})"
        st.caption(text.plain(text.one_line(" · ".join(filter(None, [*facts, said])))))
