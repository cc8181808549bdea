"""Null for an optional field of an evaluation or a case means what leaving it out means."""

from uuid import UUID

import httpx2
import pytest

from core.executions.runner import Runner
from tests.api.conftest import Client
from tests.factories.evaluations import run
from tests.factories.identity import person


@pytest.fixture
def mine(client: Client, runner: Runner) -> httpx2.Client:
    return client(person())


def test_an_evaluation_with_nulls_runs_as_one_without_them(mine: httpx2.Client) -> None:
    # Programs send null for what they leave out
    expected = {
        "type": "contains",
        "value": "a refund?",
        "keywords": None,
        "semantic_threshold": None,
    }
    left_out = {"messages": None, "assertions": None, "tags": None}
    body = {
        "name": "a",
        "target": {"model_id": "fake:echo", "parameters": None},
        "test_cases": [{"input": "a refund?", "expected_output": expected, **left_out}],
        **dict.fromkeys(("targets", "scorers", "parameters")),
    }

    started = mine.post("/evaluation/probabilistic", json=body)

    assert started.is_success, started.text
    id_ = started.json()["id"]
    run(UUID(id_))
    assert mine.get(f"/evaluation/{id_}").json()["success_rate"]["value"] == 1.0
