"""Tool calls of AI requests in OpenAI's form count under their names."""

from datetime import timedelta
from typing import Any

import pytest

from core.ai_metrics.queries import tools
from core.ai_metrics.views import AiMetricsQuery
from core.database.db import transaction
from core.identity.schemas import Role
from core.presentation.periods import Period
from tests.factories.ai_metrics import START, fold, request, send
from tests.factories.identity import person

DAY = Period(START, START + timedelta(days=1))


def by_openai(function: object, **more: object) -> dict[str, Any]:
    return {"id": "call_1", "type": "function", "function": function, **more}


@pytest.mark.usefixtures("database")
def test_tool_call_of_openai_has_the_name_of_its_function_unless_it_has_its_own() -> None:
    asked = {"name": "search", "arguments": "{}"}
    calls = [by_openai(asked), by_openai(asked, name="find"), by_openai("search"), by_openai({})]
    send(request(START, tool_calls=calls))
    fold()
    actor = person(Role.ANALYST).actor
    with transaction() as session:
        found = tools.tools(session, AiMetricsQuery(DAY), actor=actor).tools
        filtered = tools.tools(session, AiMetricsQuery(DAY, tool="search"), actor=actor)
    assert {each.tool: each.calls for each in found} == {"search": 1, "find": 1, "": 2}
    assert filtered.calls == 4  # of the requests that called it
