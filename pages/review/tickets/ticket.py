"""One ticket in a drawer: its text, status and priority."""

from collections.abc import Mapping
from functools import partial
from typing import TypeVar
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


Value = TypeVar("Value", TicketStatus, TicketPriority)


def draw(row: TicketView) -> None:
    st.markdown(f"**{text.plain(text.one_line(row.title))}**")
    if row.body:
        st.text(text.upright(row.body))
    _draw_choice(row.id, "status", STATUSES, row.status)
    _draw_choice(row.id, "priority", PRIORITIES, row.priority)
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


def _draw_choice(ticket_id: UUID, name: str, labels: Mapping[Value, str], present: Value) -> None:
    # As stored: a change may have been refused, or made in another tab
    state.put(_key(ticket_id, name), present)
    st.segmented_control(
        name.capitalize(),
        list(labels),
        required=True,
        key=_key(ticket_id, name),
        format_func=labels.__getitem__,
        on_change=partial(change, ticket_id, name),
    )


def _key(ticket_id: UUID, name: str) -> str:
    return f"tickets.{name}.{ticket_id}"


@errors.action
def change(ticket_id: UUID, name: str) -> None:
    """Store the chosen status or priority at once."""
    chosen = TicketChange.model_validate({name: state.get(_key(ticket_id, name), None)})
    with guard.work() as (session, actor):
        service.change_ticket(session, ticket_id, chosen, actor=actor)
