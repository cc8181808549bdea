"""One ticket in a drawer: its text, status and priority."""

from functools import partial
from uuid import UUID

import streamlit as st

from core.presentation import formatting
from core.system import workspace
from core.tools import service
from core.tools.schemas import TicketChange, TicketPriority, TicketStatus, TicketView
from pages._ui import errors, frame, guard, links, state, text

STATUSES = {
    TicketStatus.OPEN: "Open",
    TicketStatus.IN_PROGRESS: "In progress",
    TicketStatus.CLOSED: "Closed",
}
PRIORITIES = {
    TicketPriority.LOW: "Low",
    TicketPriority.NORMAL: "Normal",
    TicketPriority.HIGH: "High",
    TicketPriority.URGENT: "Urgent",
}


def draw(row: TicketView) -> None:
    st.markdown(f"**{text.plain(text.one_line(row.title))}**")
    if row.body:
        st.text(text.upright(row.body))
    st.segmented_control(
        "Status",
        list(STATUSES),
        default=row.status,
        required=True,
        key=_key(row.id, "status"),
        format_func=STATUSES.__getitem__,
        on_change=partial(change, row.id, "status"),
    )
    st.segmented_control(
        "Priority",
        list(PRIORITIES),
        default=row.priority,
        required=True,
        key=_key(row.id, "priority"),
        format_func=PRIORITIES.__getitem__,
        on_change=partial(change, row.id, "priority"),
    )
    zone = workspace.zone()
    frame.facts(
        {
            "Created": formatting.moment(row.created_at, zone),
            "Created by": row.created_by_name or "Removed account",
            "Updated": formatting.moment(row.updated_at, zone),
        }
    )
    if row.conversation_id is not None:
        links.draw(
            "tuning", "Open conversation", icon="forum", conversation=str(row.conversation_id)
        )


def _key(ticket_id: UUID, name: str) -> str:
    return f"tickets.{name}.{ticket_id}"


@errors.action
def change(ticket_id: UUID, name: str) -> None:
    """Store the chosen status or priority at once."""
    chosen = TicketChange.model_validate({name: state.get(_key(ticket_id, name), None)})
    with guard.work() as (session, actor):
        service.change_ticket(session, ticket_id, chosen, actor=actor)
