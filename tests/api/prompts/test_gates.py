"""Gates over HTTP: refused with what is missing, run as told, and moved."""

import httpx2
import pytest

from core.executions.runner import Runner
from tests.api.conftest import Client
from tests.factories.evaluations import run
from tests.factories.identity import person

REASON = "Answers are wrong in production"
CONTAINS = {"kind": "contains", "values": ["refund"]}


@pytest.fixture
def mine(client: Client, runner: Runner) -> httpx2.Client:
    return client(person())


@pytest.fixture
def gated(mine: httpx2.Client) -> str:
    """Return the path of the labels of a prompt whose production has a gate."""
    prompt = {"name": "support", "prompt": "", "system_prompt": "Be kind."}
    made = mine.post("/templates", json=prompt).json()["id"]
    mine.put(f"/templates/{made}", json={"system_prompt": "Offer a refund."})
    path = f"/templates/{made}/labels"
    mine.post(path, json={"name": "production", "version": 1})
    dataset = mine.post("/datasets", json={"name": "Refunds", "visibility": "shared"}).json()["id"]
    case = {"messages": [{"role": "user", "content": "Money back?"}]}
    mine.post(f"/datasets/{dataset}/cases", json={"cases": [case]})
    gate = {"dataset_id": dataset, "least_rate": 0.9, "scorers": [CONTAINS]}
    assert mine.put(f"{path}/production/gate", json=gate).status_code == 200
    return path


def test_a_refusal_holds_the_evaluation_that_leads_through_the_gate(
    mine: httpx2.Client, gated: str
) -> None:
    to = {"name": "production", "version": 2}
    refused = mine.post(gated, json=to)
    assert (refused.status_code, refused.json()["code"]) == (409, "gate_not_passed")
    started = mine.post("/evaluation/probabilistic", json=refused.json()["gate"]["to_run"])
    assert started.status_code == 202, started.text
    run(started.json()["id"])
    checked = mine.get(f"{gated}/production/gate", params={"version": 2}).json()["check"]
    assert (checked["verdict"], checked["evaluation"]["id"]) == ("passed", started.json()["id"])
    assert mine.post(gated, json=to).status_code == 200
    history = mine.get(gated).json()["history"]
    assert history[0]["evaluation_id"] == started.json()["id"]


def test_a_rollback_takes_a_reason(mine: httpx2.Client, gated: str) -> None:
    mine.post(gated, json={"name": "production", "version": 2, "reason": REASON})
    refused = mine.post(f"{gated}/production/rollback")
    assert (refused.status_code, refused.json()["code"]) == (422, "reason_missing")
    back = mine.post(f"{gated}/production/rollback", json={"reason": REASON})
    assert [label["version"] for label in back.json()["labels"]] == [1]


def test_gates_are_listed_and_removed_with_a_reason(mine: httpx2.Client, gated: str) -> None:
    [listed] = mine.get(gated).json()["gates"]
    assert (listed["dataset_name"], listed["least_rate"]) == ("Refunds", 0.9)
    assert mine.get(f"{gated}/production/gate").json() == {"gate": listed, "check": None}
    assert mine.delete(f"{gated}/production/gate").status_code == 422
    removed = mine.delete(f"{gated}/production/gate", params={"reason": REASON})
    assert removed.status_code == 204
    assert mine.get(f"{gated}/production/gate").status_code == 404
    assert mine.delete(f"{gated}/production").status_code == 204
