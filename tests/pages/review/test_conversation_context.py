"""The context that a program sent with a conversation is shown beside it."""

import pytest

from core.identity.schemas import Role
from tests.factories.conversations import conversation, stored
from tests.factories.identity import person
from tests.pages.conftest import TUNING, Console, said

pytestmark = pytest.mark.usefixtures("database")


def test_the_context_of_a_conversation_is_shown_as_it_was_sent(console: Console) -> None:
    context = {"plan": "team <b>7</b>", "page": {"path": "/pay"}}
    stored(conversation("c", messages=2, context=context))
    app = console(person(Role.REVIEWER), TUNING)
    app.query_params["conversation"] = "c"
    page = said(app.run())
    assert "team <b>7</b>" in page
    assert '{"path": "/pay"}' in page
