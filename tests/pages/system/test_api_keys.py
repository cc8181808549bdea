"""Settings, API keys: created, shown once, revoked, without a browser."""

from streamlit.testing.v1 import AppTest

from core.database.db import transaction
from core.identity.schemas import ApiKeyView, Role, Scope, SessionKind
from core.identity.service import api_keys
from tests.factories.identity import Person, person
from tests.factories.keys import api_key
from tests.pages.conftest import SETTINGS, Console, said, toasts, written


def admin() -> Person:
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def opened(console: Console, one: Person) -> AppTest:
    app = console(one, SETTINGS)
    return app.button_group[0].set_value("API keys").run()


def listed() -> list[ApiKeyView]:
    with transaction() as session:
        return api_keys.list_keys(session, actor=person().actor)


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_a_fresh_key_is_shown_until_it_was_taken_away(console: Console) -> None:
    made = api_key(
        Scope.INGEST, Scope.READ, environment="staging", expires_at="2100-01-01T00:00:00Z"
    )
    app = opened(console, admin())
    app.session_state["keys.made"] = made
    app.run()
    assert [code.value for code in app.code] == [made.key]
    assert (
        f"`atn_{made.key_id}` · staging · created just now · never used · expires 1 Jan 2100"
        in said(app)
    )
    press(app, "Done")
    assert not app.code
    assert made.key.split("_", 2)[2] not in said(app)


def test_a_key_is_revoked_after_a_question(console: Console) -> None:
    made = api_key()
    app = opened(console, admin())
    app.button(key=f"revoke-{made.id}").click().run()
    assert len(listed()) == 1
    press(app, "Revoke key")
    assert toasts(app) == ["Key revoked"]
    assert listed() == []
    assert "No API keys yet" in said(app)


def test_what_was_used_and_what_is_over_says_so(console: Console) -> None:
    made = api_key(name="*bold* :red[x]")
    with transaction() as session:
        api_keys.authenticate(session, made.key, admin().actor.caller)
    app = opened(console, admin())
    assert "used just now · no expiry" in said(app)
    assert "**\\*bold\\* \\:red\\[x\\]**" in written(app)
