"""The page of tickets: the list, its filters, and a change in the drawer."""

from typing import NoReturn

import pytest
from streamlit.testing.v1 import AppTest

from core.database.db import transaction
from core.database.paging import Window
from core.errors import Unavailable
from core.identity.schemas import Role, SessionKind
from core.tools import queries, service
from core.tools.queries import TicketFilter
from core.tools.schemas import NewTicket, TicketChange, TicketPriority, TicketStatus, TicketView
from pages._ui import guard
from tests.factories.identity import Person, person
from tests.pages.conftest import Console, said, toasts

TICKETS = "review/tickets/page.py"
CREATE = """
import streamlit as st
from pages._ui import errors
from pages.review.tickets import new_ticket

with errors.InForm(st.container()):
    new_ticket.create()
"""


@pytest.fixture
def reviewer(console: Console) -> Person:
    return person(Role.REVIEWER, kind=SessionKind.BROWSER)


def create(who: Person, title: str, priority: str = "normal") -> TicketView:
    given = NewTicket(title=title, priority=TicketPriority(priority))
    with transaction() as session:
        return service.create_ticket(session, given, actor=who.actor)


def test_tickets_are_listed_and_filtered(console: Console, reviewer: Person) -> None:
    create(reviewer, "Refund")
    create(reviewer, "Outage", "urgent")
    app = console(reviewer, TICKETS)
    assert list(app.dataframe[0].value["Title"]) == ["Outage", "Refund"]
    app.selectbox(key="tickets.priority").set_value("urgent").run()
    assert list(app.dataframe[0].value["Title"]) == ["Outage"]
    app.selectbox(key="tickets.status").set_value("closed").run()
    assert "No tickets match" in said(app)


def created(app: AppTest, **fields: str) -> str:
    """Press the button of the form, and return what it refuses."""
    for name, value in fields.items():
        app.session_state[f"tickets.new-{name}"] = value
    app.run()
    assert not app.exception
    return "".join(each.value for each in app.error)


def test_a_ticket_is_created_by_the_form(reviewer: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "cookie", lambda: reviewer.token)
    app = AppTest.from_string(CREATE)
    assert "Enter a title" in created(app)
    assert created(app, title="Refund", text="Order 1042", about="unknown")
    assert created(app, about="", priority="high") == ""
    with transaction() as session:
        found = queries.list_tickets(
            session, TicketFilter(), window=Window(10), actor=reviewer.actor
        )
    [row] = found.items
    assert (row.title, row.body, row.priority) == ("Refund", "Order 1042", "high")
    assert (row.conversation_id, row.status) == (None, "open")


def test_a_conversation_leads_to_the_form_of_a_ticket_about_it(
    console: Console, reviewer: Person
) -> None:
    app = console(reviewer, TICKETS)
    assert "New ticket" in [each.label for each in app.button]
    app.query_params["action"], app.query_params["conversation"] = "ticket", "c-1042"
    app.run()
    assert app.text_input(key="tickets.new-about").value == "c-1042"
    assert not {"action", "conversation"} & app.query_params.keys()


def test_a_ticket_is_found_by_its_title(console: Console, reviewer: Person) -> None:
    create(reviewer, "Refund")
    create(reviewer, "Outage")
    app = console(reviewer, TICKETS)
    app.text_input(key="tickets.q").set_value("fund").run()
    assert list(app.dataframe[0].value["Title"]) == ["Refund"]


def test_the_address_filters_tickets_and_follows_the_filters(
    console: Console, reviewer: Person
) -> None:
    create(reviewer, "Refund", "high")
    closed = create(reviewer, "Outage")
    with transaction() as session:
        change = TicketChange(status=TicketStatus.CLOSED)
        service.change_ticket(session, closed.id, change, actor=reviewer.actor)
    app = console(reviewer, TICKETS)
    app.query_params["status"] = "closed"
    app.run()
    assert list(app.dataframe[0].value["Title"]) == ["Outage"]
    app.selectbox(key="tickets.status").set_value("").run()
    app.selectbox(key="tickets.priority").set_value("high").run()
    app.text_input(key="tickets.q").set_value("fund").run()
    assert app.query_params == {"priority": "high", "q": "fund"}


def test_an_unknown_status_in_the_address_filters_nothing(
    console: Console, reviewer: Person
) -> None:
    create(reviewer, "Refund")
    app = console(reviewer, TICKETS)
    app.query_params["status"] = "lost"
    app.run()
    assert list(app.dataframe[0].value["Title"]) == ["Refund"]
    assert app.query_params == {}


def test_without_tickets_the_page_says_where_they_come_from(
    console: Console, reviewer: Person
) -> None:
    app = console(reviewer, TICKETS)
    assert "No tickets yet" in said(app)
    assert not app.text_input
    assert not app.selectbox


def test_the_status_is_changed_in_the_drawer(console: Console, reviewer: Person) -> None:
    made = create(reviewer, "Refund :red[x]")
    app = console(reviewer, TICKETS)
    app.query_params["row"] = str(made.id)
    app.run()
    app.button_group(key=f"tickets.status.{made.id}").set_value(TicketStatus.CLOSED).run()
    with transaction() as session:
        changed = queries.get_ticket(session, made.id, actor=reviewer.actor)
    assert (changed.status, changed.priority) == (TicketStatus.CLOSED, TicketPriority.NORMAL)


def test_a_status_that_could_not_be_stored_is_not_shown(
    console: Console, reviewer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create(reviewer, "Refund")
    app = console(reviewer, TICKETS)
    app.query_params["row"] = str(made.id)
    app.run()

    def away(*_: object, **__: object) -> NoReturn:
        raise Unavailable("Away.")

    monkeypatch.setattr(service, "change_ticket", away)
    app.button_group(key=f"tickets.status.{made.id}").set_value(TicketStatus.CLOSED).run()
    assert toasts(app) == ["Away."]
    assert app.button_group(key=f"tickets.status.{made.id}").value == TicketStatus.OPEN
