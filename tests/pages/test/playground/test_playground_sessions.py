"""The list of playground sessions, without a browser."""

import pytest
from streamlit.testing.v1 import AppTest

from core.database.db import transaction
from core.identity.schemas import Role, SessionKind
from core.platform.ids import new_id
from core.playground.schemas import PlaygroundSessionView, SessionDetails
from core.playground.service import session_search, session_transfer, sessions
from core.playground.session_files import FORMAT, SessionFile
from tests.factories.identity import Person, person
from tests.factories.playground import answered
from tests.pages.conftest import PLAYGROUND, Console, said, toasts


@pytest.fixture
def admin(console: Console) -> Person:
    """Return an admin at a browser."""
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def named(admin: Person, name: str) -> PlaygroundSessionView:
    with transaction() as session:
        return sessions.create(session, SessionDetails(name=name), actor=admin.actor)


def listed(app: AppTest) -> list[str]:
    """Return the names of the list."""
    return [it.label.split("  \n")[0] for it in app.button if (it.key or "").startswith("session-")]


def test_the_search_lists_what_it_finds_and_says_what_it_left_out(
    console: Console, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_search, "MOST_SEARCHED", 2)
    for name in ("Oldest", "Older", "Newest"):
        named(admin, name)
    app = console(admin, PLAYGROUND)
    assert listed(app) == ["Newest", "Older", "Oldest"]
    search = next(it for it in app.text_input if it.label == "Search sessions")
    search.set_value("old").run()
    assert listed(app) == ["Older"]
    assert "The newest 2 were searched, not 1 older session." in said(app)
    search.set_value("nowhere").run()
    assert "No sessions found" in said(app)


def test_a_long_session_shows_its_newest_messages_and_earlier_ones_on_demand(
    console: Console, admin: Person
) -> None:
    messages = [{"role": "user", "content": f"Word {place}."} for place in range(100)]
    file = SessionFile.model_validate({"format": FORMAT, "messages": messages})
    with transaction() as session:
        session_transfer.import_session(session, file, actor=admin.actor)
    app = console(admin, PLAYGROUND)
    for hidden in (80, 20):
        assert f"Word {hidden}." in said(app)
        assert f"Word {hidden - 1}." not in said(app)
        label = f"Show earlier messages ({hidden})"
        next(it for it in app.button if it.label == label).click().run()
    assert "Word 0." in said(app)
    assert not [it for it in app.button if it.label.startswith("Show earlier")]


def test_a_tooltip_has_the_counts_and_the_cost(console: Console, admin: Person) -> None:
    answered(admin.actor, "hello")
    app = console(admin, PLAYGROUND)
    [row] = [it for it in app.button if (it.key or "").startswith("session-")]
    assert "1 call, $0" in str(row.help)


def trashed(app: AppTest) -> list[str]:
    return [it.label for it in app.button if (it.key or "").startswith("playground.trash")]


def test_a_session_in_the_trash_is_restored_and_shown(console: Console, admin: Person) -> None:
    made = named(admin, "Deleted")
    app = console(admin, PLAYGROUND)
    assert trashed(app) == []
    with transaction() as session:
        sessions.remove(session, made.session_id, actor=admin.actor)
    app.run()
    assert "Deleted" not in listed(app)
    assert trashed(app) == ["Trash (1)"]
    next(it for it in app.button if it.label == "Trash (1)").click().run()
    next(it for it in app.button if it.label == "Restore").click().run()
    assert "Deleted" in listed(app)
    assert str(made.session_id) in app.query_params["session"]
    assert trashed(app) == []


def test_a_session_of_the_address_that_does_not_exist_is_said_to_be_missing(
    console: Console, admin: Person
) -> None:
    app = console(admin, PLAYGROUND)
    app.query_params["session"] = str(new_id())
    assert toasts(app.run()) == ["Session not found."]
    assert toasts(app.run()) == []
