"""The number of tool calls of an AI request: as sent, and never fewer than are named."""

from typing import Any

import pytest
from sqlalchemy import select

from core.ai_metrics.models import AiRequest
from core.database.db import transaction
from core.embedded.postgres import Postgres
from tests.factories.ai_metrics import request, send

SEARCH = {"name": "search"}


@pytest.mark.parametrize(
    ("sent", "count"),
    [
        ({}, 0),
        ({"tool_calls": [SEARCH, SEARCH]}, 2),
        ({"tool_calls_count": 3}, 3),
        ({"tool_calls_count": 250, "tool_calls": [SEARCH]}, 250),
        ({"tool_calls_count": 0, "tool_calls": [SEARCH]}, 1),
    ],
)
def test_request_has_the_sent_number_of_tool_calls_or_that_of_the_named_ones(
    database: Postgres, sent: dict[str, Any], count: int
) -> None:
    send(request("2026-03-26T10:00", **sent))
    with transaction() as session:
        row = session.scalars(select(AiRequest)).one()
        assert (row.tool_calls_count, row.attributes) == (count, None)
