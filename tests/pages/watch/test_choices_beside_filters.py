"""A choice that is in the address by itself stays there when a filter beside it changes."""

from datetime import timedelta

import pytest

from core.identity.schemas import Role, SessionKind
from core.platform import clock
from tests.factories.ai_metrics import fold, request, send
from tests.factories.identity import person
from tests.pages.conftest import AI_METRICS, USERS, Console, said


@pytest.mark.parametrize(
    ("page", "choice", "value"),
    [(USERS, "anonymous", "true"), (AI_METRICS, "log", "true"), (AI_METRICS, "order", "Newest")],
)
def test_a_filter_changes_beside_a_choice(
    console: Console, page: str, choice: str, value: str
) -> None:
    # Streamlit refuses to replace all parameters of an address of which a widget is bound to one
    send(request(clock.now() - timedelta(hours=1)))
    fold()
    app = console(person(Role.ADMIN, kind=SessionKind.BROWSER), page)
    app.query_params[choice] = value
    app.run()
    status = next(each for each in app.selectbox if each.label == "Status")
    status.set_value(status.options[1]).run()
    assert "Something went wrong" not in said(app)
    assert set(app.query_params) == {choice, "status"}
    next(each for each in app.button if each.label == "Clear filters").click().run()
    assert set(app.query_params) == {choice}
