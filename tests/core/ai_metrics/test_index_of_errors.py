"""Types of errors by one dimension are counted from an index, without the rows."""

from typing import Any

import pytest
from sqlalchemy import Column
from sqlalchemy.sql.visitors import iterate

from core.ai_metrics.queries.conditions import matching_requests, raw
from core.ai_metrics.views import AiMetricsQuery
from core.presentation.periods import Watched, last_days

ERRORS = "ix_ai_request_metrics_errors"


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
