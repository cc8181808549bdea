"""Types of errors by one dimension are counted from an index, without the rows."""

from typing import Any

import pytest
from sqlalchemy import Column, text
from sqlalchemy.sql.visitors import iterate

from core.ai_metrics.queries.conditions import matching_requests, raw
from core.ai_metrics.views import AiMetricsQuery
from core.database.db import read_session
from core.embedded.postgres import Postgres
from core.platform import clock
from core.presentation.periods import Watched, last_days

ERRORS, TOOL_ERRORS = "ix_ai_request_metrics_errors", "ix_ai_request_metrics_tool_errors"


@pytest.mark.parametrize(
    "filters", [{}, {"prompt_version": "support@7"}, {"experiment_arm": "tone:a"}]
)
def test_the_index_of_errors_holds_all_that_is_counted(filters: dict[str, Any]) -> None:
    period = last_days(7, zone="UTC")
    query = AiMetricsQuery(period, Watched("production", app="web", release="1"), **filters)
    used = {
        each.name
        for condition in matching_requests(query, period)
        for each in iterate(condition)
        if isinstance(each, Column)
    }
    [index] = [each for each in raw.indexes if each.name == ERRORS]
    held = {"created_at", "id", "status", *index.dialect_options["postgresql"]["include"]}
    assert used | {"error_type", "model"} <= held


def test_errors_with_calls_of_tools_have_an_index_of_their_own(database: Postgres) -> None:
    plan = text(
        "explain select error_type from ai_request_metrics where created_at >= :since "
        "and status = 'error' and tool_calls_count > 0 and tool_calls @> '[{\"name\": \"search\"}]'"
    )
    with read_session() as session:
        session.execute(text("set local enable_seqscan = off"))
        session.execute(text("set local enable_bitmapscan = off"))
        used = "\n".join(session.scalars(plan, {"since": clock.now()}))
        names = session.scalars(
            text(
                "select inhrelid::regclass::text from pg_inherits "
                "where inhparent = to_regclass(:name)"
            ),
            {"name": TOOL_ERRORS},
        )
        assert any(name in used for name in names)
