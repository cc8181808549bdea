"""The drawer of a request says which of its tool calls failed and, to those who may, why."""

import pytest

from core.identity.schemas import Role, SessionKind
from core.platform import clock
from tests.factories.ai_metrics import request, send
from tests.factories.identity import person
from tests.pages.conftest import AI_METRICS, Console


@pytest.mark.parametrize(
    ("role", "error"), [(Role.ADMIN, '"refused by orders.internal"'), (Role.ANALYST, "true")]
)
def test_a_failed_tool_call_is_shown_with_its_error(
    console: Console, role: Role, error: str
) -> None:
    call = {"name": "refund", "error": "refused by orders.internal"}
    send(request(clock.now(), id="r", tool_calls=[call]))
    app = console(person(role, kind=SessionKind.BROWSER), AI_METRICS)
    app.query_params["request"] = "r"
    app.run()
    assert not app.exception
    [shown] = [each.value for each in app.code if "refund" in each.value]
    assert f'"error": {error}' in shown
