"""Tools in the playground: chosen for a session, shown in the answer, confirmed by a person."""

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.database.db import transaction
from core.database.paging import Window
from core.executions.schemas import ToolCallStatus
from core.identity.schemas import Role, SessionKind
from core.tools import queries
from core.tools.queries import TicketFilter
from tests.api.tools.test_tools import store_document
from tests.factories.identity import Person, person
from tests.pages.conftest import PLAYGROUND, Console, said
from tests.pages.test.playground.test_playground import messages, wait_for_answer


@pytest.fixture
def admin(console: Console) -> Person:
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def ask(app: AppTest, who: Person, *rounds: dict[str, Any]) -> AppTest:
    script = rounds[0] | {"then": rounds[1:]}
    app.chat_input[0].set_value(f"#fake {json.dumps(script)}\nWhat now?").run()
    return wait_for_answer(app, who)


def calling(name: str, **arguments: object) -> dict[str, Any]:
    return {"tool_calls": [{"name": name, "arguments": arguments}]}


def opened(console: Console, who: Person, *tools: str) -> AppTest:
    app = console(who, PLAYGROUND)
    app.selectbox[0].set_value("fake:echo").run()
    app.multiselect[0].set_value(list(tools)).run()
    return app


def tickets(who: Person) -> list[str]:
    with transaction() as session:
        page = queries.list_tickets(session, TicketFilter(), window=Window(50), actor=who.actor)
    return [ticket.title for ticket in page.items]


def test_a_chosen_tool_is_called_and_shown_in_the_answer(console: Console, admin: Person) -> None:
    app = opened(console, admin, "current_time")
    app = ask(app, admin, calling("current_time", zone="Asia/Tokyo"), {"text": "It is noon."})
    assert "It is noon." in said(app)
    [call] = messages(admin)[-1].tool_executions
    assert call.status is ToolCallStatus.COMPLETED
    [shown] = [it for it in app.expander if "current" in it.label]
    assert "Tokyo" in shown.label
    assert "ms" in shown.label


def test_chosen_tools_stay_with_the_session(console: Console, admin: Person) -> None:
    opened(console, admin, "current_time", "create_ticket")
    app = console(admin, PLAYGROUND)
    assert app.multiselect[0].value == ["current_time", "create_ticket"]


def test_a_model_that_cannot_call_tools_offers_none(console: Console, admin: Person) -> None:
    app = opened(console, admin, "current_time")
    app.selectbox[0].set_value("fake:plain").run()
    assert not app.multiselect
    app.chat_input[0].set_value("Hello").run()
    assert wait_for_answer(app, admin)
    assert messages(admin)[-1].error is None


def test_a_call_that_needs_confirmation_runs_when_a_person_confirms_it(
    console: Console, admin: Person
) -> None:
    store_document()
    app = opened(console, admin, "search_knowledge", "create_ticket")
    app = ask(app, admin, calling("search_knowledge", query="refund"), {"text": "Found."})
    # What an earlier answer has read counts in the whole session.
    app = ask(app, admin, calling("create_ticket", title="Refund"))
    assert tickets(admin) == []
    [waiting] = [it for it in app.expander if "Needs confirmation" in it.label]
    assert "create" in waiting.label
    next(it for it in app.button if it.label == "Confirm and run").click().run()
    assert tickets(admin) == ["Refund"]
    assert "Confirm and run" not in [it.label for it in app.button]
    app = wait_for_answer(app, admin)
    confirmed, answer = messages(admin)[-2:]
    assert confirmed.tool_executions[0].status is ToolCallStatus.COMPLETED
    # The fake provider echoes the result that it was sent
    assert '"title": "Refund"' in answer.content
    assert answer.content in said(app)


def test_hostile_calls_are_shown_as_text(console: Console, admin: Person) -> None:
    hostile = {"name": ":red[x] **b** <b>\u202e", "arguments": '{"a": "\\ud800 `![x](y)"}'}
    app = opened(console, admin, "current_time")
    app = ask(app, admin, {"tool_calls": [hostile]}, {"text": "No."})
    [shown] = [it for it in app.expander if "Failed" in it.label]
    assert "\\:red\\[x\\]" in shown.label
    assert "\u202e" not in shown.label
    assert not app.exception
