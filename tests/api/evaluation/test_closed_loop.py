"""Trends, replays of cases and chains over HTTP."""

import httpx2
import pytest

from core.executions.runner import Runner
from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.factories.evaluations import run
from tests.factories.identity import person


@pytest.fixture
def mine(client: Client, runner: Runner) -> httpx2.Client:
    return client(person())


@pytest.fixture
def prompt(mine: httpx2.Client) -> str:
    made = {"name": "support", "prompt": "", "system_prompt": "Be kind.", "visibility": "public"}
    return str(mine.post("/templates", json=made).json()["id"])


@pytest.fixture
def evaluation(mine: httpx2.Client, prompt: str) -> str:
    new = {
        "name": "Refunds",
        "target": {"template_id": prompt, "model_id": "fake:echo"},
        "test_cases": [{"input": "Money back?"}],
        "scorers": [{"kind": "contains", "values": ["refund"]}],
    }
    started = mine.post("/evaluation/probabilistic", json=new).json()["id"]
    run(started)
    return str(started)


def test_a_trend_is_of_a_prompt_or_a_bot(mine: httpx2.Client, prompt: str, evaluation: str) -> None:
    [trend] = mine.get("/evaluation/trend", params={"template_id": prompt}).json()["items"]
    assert [(it["version"], it["evaluation_id"]) for it in trend["points"]] == [(1, evaluation)]
    assert trend["points"][0]["success_rate"] == {"value": 0.0, "low": None, "high": None, "n": 1}
    assert mine.get("/evaluation/trend").status_code == 422
    assert mine.get("/evaluation/trend", params={"bot_id": prompt}).status_code == 404


def test_a_case_is_replayed(mine: httpx2.Client, evaluation: str) -> None:
    [case] = mine.get(f"/evaluation/{evaluation}/cases").json()["items"]
    path = f"/evaluation/{evaluation}/cases/{case['id']}/replay"
    started = mine.post(path, json={"target": 1, "run": 1})
    assert started.status_code == 202, started.text
    assert started.json()["original_answer"] == "Fake answer: Money back? (prompt: Be kind.)"
    assert started.json()["case_id"] == case["id"]
    assert mine.post(path, json={"target": 2}).status_code == 422


def test_a_chain_is_as_long_as_its_reader_sees(
    mine: httpx2.Client, client: Client, evaluation: str
) -> None:
    asked = {"kind": "version", "id": "support@1"}
    kinds = [link["kind"] for link in mine.get("/insights/chain", params=asked).json()["links"]]
    assert kinds == ["version", "evaluation"]
    other = client(person()).get("/insights/chain", params=asked).json()["links"]
    assert [link["kind"] for link in other] == ["version"]
    hidden = {"kind": "evaluation", "id": evaluation}
    assert client(person()).get("/insights/chain", params=hidden).status_code == 404
    analyst = client(person(Role.ANALYST))
    assert analyst.get("/insights/chain", params=asked).status_code == 403
