"""The Overview of a new workspace leads from a key to the first row, the funnel and colleagues."""

from streamlit.testing.v1 import AppTest

from core.identity.schemas import Role, SessionKind
from core.platform import clock
from pages._ui import cache
from tests.factories import activity
from tests.factories.identity import Person, person
from tests.pages.conftest import OVERVIEW, Console, said

KEY = "atn_"
CREATE, HIDE = "setup.create", "setup.hide"


def code(app: AppTest) -> list[str]:
    """Return the code that sends rows, by language."""
    return [each.value for each in app.code if KEY in each.value]


def admin() -> Person:
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def test_the_key_that_was_created_is_in_the_code(console: Console) -> None:
    app = console(admin(), OVERVIEW)
    assert app.expander[0].label == "Set up Attune: 0 of 5 done"
    assert not code(app)
    app.button(key=CREATE).click().run()
    assert len(code(app)) == 4
    assert app.expander[0].label == "Set up Attune: 1 of 5 done"


def test_a_first_row_checks_itself_off(console: Console) -> None:
    app = console(admin(), OVERVIEW)
    app.button(key=CREATE).click().run()
    activity.store([activity.event("chat.session_start", clock.now())])
    cache.forget()
    app.run()
    assert app.expander[0].label == "Set up Attune: 2 of 5 done"
    assert not code(app)


def test_hidden_it_stays_hidden(console: Console) -> None:
    one = admin()
    app = console(one, OVERVIEW)
    app.button(key=HIDE).click().run()
    assert "Set up Attune" not in {each.label[:13] for each in console(one, OVERVIEW).expander}


def test_analysts_see_none(console: Console) -> None:
    app = console(person(Role.ANALYST, kind=SessionKind.BROWSER), OVERVIEW)
    assert not app.expander
    assert "Set up Attune" not in said(app)
