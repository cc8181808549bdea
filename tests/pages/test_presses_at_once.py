"""What a button fills in counts at the next press, though the browser has not heard of it yet."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import ChatInput

from core.bots.knowledge.sample_company import SAMPLE_COMPANY
from core.bots.queries import bots as queries
from core.database.db import transaction
from core.executions.runner import Runner
from core.identity.schemas import Role, SessionKind
from tests.factories import bots
from tests.factories.identity import Person, person
from tests.pages.conftest import PLAYGROUND, Console, prompt, said


@pytest.fixture
def admin(runner: Runner) -> Person:
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def press(app: AppTest, label: str, *, at_once: Any) -> None:  # noqa: ANN401  a widget
    """Press a button, and then what `at_once` has been set to in the page as it was before."""
    before = app._tree.get_widget_states()  # noqa: SLF001  what the browser sends
    at_once.set_value(None if isinstance(at_once, ChatInput) else False)
    next(each for each in app.button if each.label == label).click().run()
    app._run(before)  # noqa: SLF001


@pytest.mark.parametrize("label", ["Clear prompt", "Reset to default"])
def test_a_message_that_is_sent_right_after_the_prompt_was_cleared_is_sent_without_it(
    console: Console, admin: Person, label: str
) -> None:
    app = console(admin, PLAYGROUND)
    prompt(app).set_value("Be brief").run()
    assert "Custom prompt" in said(app)
    press(app, label, at_once=app.chat_input[0].set_value("Hello"))
    assert "Hello" in said(app)
    assert "Custom prompt" not in said(app)


def test_a_sample_company_that_is_saved_at_once_is_saved(console: Console, admin: Person) -> None:
    bot = bots.made(admin.actor)
    app = console(admin, "test/bots/page.py")
    app.query_params["bot"] = str(bot.id)
    app.run()
    next(each for each in app.button_group if each.label == "Section").set_value("Knowledge").run()
    save = next(each for each in app.button if each.label == "Save knowledge")
    press(app, "Use sample company", at_once=save.click())
    with transaction() as session:
        stored = queries.get_bot(session, bot.id, actor=admin.actor)
    assert stored.knowledge == SAMPLE_COMPANY
