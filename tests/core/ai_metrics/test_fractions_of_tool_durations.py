"""Durations of tool calls count in whole milliseconds, also when they come with a fraction."""

from datetime import timedelta

import pytest

from core.ai_metrics.queries import tools
from core.ai_metrics.views import AiMetricsQuery
from core.database.db import transaction
from core.identity.schemas import Role
from core.presentation.periods import Period
from tests.factories.ai_metrics import START, fold, request, send
from tests.factories.identity import person

DAY = Period(START, START + timedelta(days=1))


@pytest.mark.usefixtures("database")
def test_tool_durations_with_fractions_are_rounded_and_those_that_are_none_are_ignored() -> None:
    # Clocks of programs are floats, and such durations were missing in all figures
    calls = [{"name": "search", "duration_ms": each} for each in (99.6, 200, 1e300, "soon")]
    send(request(START, tool_calls=calls))
    fold()
    actor = person(Role.ANALYST).actor
    with transaction() as session:
        [found] = tools.tools(session, AiMetricsQuery(DAY), actor=actor).tools
    assert (found.calls, found.avg_duration_ms) == (4, 150)
