"""The form of a new ticket."""

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.tools import service
from core.tools.schemas import NewTicket, TicketPriority
from pages._ui import dialogs, guard, state
from pages.review.tickets.ticket import PRIORITIES

TITLE, BODY = "tickets.new-title", "tickets.new-text"
PRIORITY, ABOUT = "tickets.new-priority", "tickets.new-about"


def open_form(conversation_id: str = "") -> None:
    state.forget(TITLE, BODY, PRIORITY)
    state.put(ABOUT, conversation_id)

    @st.dialog("New ticket")
    def form() -> None:
        st.text_input("Title", key=TITLE, max_chars=200)
        st.text_area("Text", key=BODY, max_chars=20_000)
        st.segmented_control(
            "Priority",
            list(PRIORITIES),
            default=TicketPriority.NORMAL,
            required=True,
            key=PRIORITY,
            format_func=PRIORITIES.__getitem__,
        )
        st.text_input("Conversation ID", key=ABOUT, max_chars=128, placeholder="None")
        dialogs.submit("Create ticket", create, key="tickets")

    form()


def create() -> None:
    try:
        given = NewTicket(
            title=state.get(TITLE, ""),
            body=state.get(BODY, ""),
            priority=state.get(PRIORITY, TicketPriority.NORMAL),
            conversation_id=state.get(ABOUT, "").strip() or None,
        )
    except ValidationError:
        raise Invalid("Enter a title in one line.") from None
    with guard.work() as (session, actor):
        service.create_ticket(session, given, actor=actor)
    state.toast("Ticket created")
