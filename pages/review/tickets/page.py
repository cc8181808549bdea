"""Tickets: what people have to do, created by them or by models for them."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.database.paging import Page
from core.identity.permissions import Permission
from core.presentation import formatting
from core.system import workspace
from core.tools import queries
from core.tools.queries import TicketFilter
from core.tools.schemas import TicketPriority, TicketStatus, TicketView
from pages._ui import columns, dialogs, errors, frame, guard, links, tables
from pages._ui.filters import filter_state
from pages._ui.filters.filter_state import key_of, value_of
from pages._ui.tables import TableColumn
from pages.review.tickets import new_ticket, ticket
from pages.review.tickets.ticket import PRIORITIES, STATUSES

SHOWN = 25
PAGE = "tickets"
FILTERS = SEARCH, STATUS, PRIORITY = "q", "status", "priority"
STATUS_COLOURS = {"Open": "orange", "In progress": "blue", "Closed": "gray"}
PRIORITY_COLOURS = {"Low": "gray", "Normal": "blue", "High": "orange", "Urgent": "red"}


def main() -> None:
    guard.page(Permission.HANDLE_TICKETS)
    with frame.header("Tickets", "Created by your team, and by models for them"):
        st.button("New ticket", icon=":material/add:", on_click=new_ticket.open_form)
    if links.begins("ticket"):
        new_ticket.open_form(st.query_params.pop("conversation", ""))
    filters = _take_filters()
    at = f"tickets.{hash(filters)}"
    with guard.work() as (session, actor):
        page = queries.list_tickets(session, filters, window=tables.window(at, SHOWN), actor=actor)
    is_filtered = filters != TicketFilter()
    if page.total_count or is_filtered:
        _draw_filters()
    filter_state.write_address(PAGE, FILTERS)
    _draw_list(page, at, is_filtered=is_filtered)


def _take_filters() -> TicketFilter:
    """Return the filters of the address; an unknown value selects nothing."""
    filter_state.take_over(PAGE, FILTERS, is_timed=False)
    for name, choices in ((STATUS, STATUSES), (PRIORITY, PRIORITIES)):
        if value_of(PAGE, name) not in choices:
            filter_state.put(PAGE, **{name: ""})
    status, priority = value_of(PAGE, STATUS), value_of(PAGE, PRIORITY)
    return TicketFilter(
        TicketStatus(status) if status else None,
        TicketPriority(priority) if priority else None,
        value_of(PAGE, SEARCH).strip()[:200],
    )


def _draw_filters() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(
            "Search",
            key=key_of(PAGE, SEARCH),
            max_chars=200,
            placeholder="Title or text",
            icon=":material/search:",
            width=240,
        )
        _draw_choice("Status", STATUS, STATUSES)
        _draw_choice("Priority", PRIORITY, PRIORITIES)


def _draw_choice(
    label: str, name: str, choices: Mapping[TicketStatus, str] | Mapping[TicketPriority, str]
) -> None:
    titles = {"": "All"} | {str(value): title for value, title in choices.items()}
    st.selectbox(
        label, list(titles), key=key_of(PAGE, name), width=170, format_func=titles.__getitem__
    )


@errors.part("Tickets")
def _draw_list(page: Page[TicketView], at: str, *, is_filtered: bool) -> None:
    if page.total_count:
        count = formatting.count(page.total_count, "ticket")
        st.caption(f"{count}, newest first · click a row to change it")
        tables.draw_page(
            page, _columns(), "ticket", name="tickets", at=at, on_open=dialogs.open_row
        )
    elif is_filtered:
        frame.empty_state("search_off", "No tickets match", "Change the search or the filters.")
    else:
        body = "Create one here or from a conversation. Models use the tool create_ticket."
        frame.empty_state("confirmation_number", "No tickets yet", body)
    dialogs.draw_opened(page.items, "Ticket", ticket.draw, _read)


def _read(opened: str) -> TicketView:
    with guard.work() as (session, actor):
        return queries.get_ticket(session, dialogs.id_of(opened), actor=actor)


def _columns() -> Sequence[TableColumn[TicketView]]:
    zone = workspace.zone()
    return [
        columns.text("Title", lambda row: row.title, width=420),
        columns.chip("Priority", lambda row: PRIORITIES[row.priority], PRIORITY_COLOURS, width=90),
        columns.chip("Status", lambda row: STATUSES[row.status], STATUS_COLOURS, width=110),
        columns.text("Created by", lambda row: row.created_by_name or "", width=150),
        columns.moment("Created", lambda row: row.created_at, zone),
        columns.moment("Updated", lambda row: row.updated_at, zone),
    ]


with errors.InWords("Tickets"):
    main()
