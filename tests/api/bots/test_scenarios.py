"""Scenarios over the API: the included ones, an account's own, and runs."""

from uuid import UUID

import httpx2
import pytest

from core.bots import scenario_steps
from core.bots.service import runs
from core.jobs import queue
from tests.api.conftest import Client
from tests.factories.identity import person

NEW = {
    "name": "Returns",
    "user_messages": ["How do I return it?"],
    "expected_outcomes": ["contains: return"],
}


@pytest.fixture
def mine(client: Client) -> httpx2.Client:
    return client(person())


def test_the_included_scenarios_are_listed_first_and_once(mine: httpx2.Client) -> None:
    mine.post("/scenarios", json=NEW)
    for _ in range(2):
        listed = mine.get("/scenarios").json()["items"]
    assert [each["name"] for each in listed] == [
        "Product Inquiry",
        "Technical Support",
        "Billing Questions",
        "Returns",
    ]
    assert [each["is_included"] for each in listed] == [True, True, True, False]


def test_an_own_scenario_is_created_changed_and_deleted(mine: httpx2.Client) -> None:
    made = mine.post("/scenarios", json=NEW)
    assert made.status_code == 201
    path = f"/scenarios/{made.json()['id']}"
    changed = mine.patch(path, json={"user_messages": ["One", "Two"], "is_active": False}).json()
    assert (changed["user_messages"], changed["is_active"]) == (["One", "Two"], False)
    assert changed["expected_outcomes"] == NEW["expected_outcomes"]
    assert mine.delete(path).status_code == 204
    assert mine.get(path).status_code == 404


def test_included_scenarios_stay_and_those_of_others_are_missing(
    client: Client, mine: httpx2.Client
) -> None:
    [included, *_] = mine.get("/scenarios").json()["items"]
    assert mine.patch(f"/scenarios/{included['id']}", json={"name": "x"}).status_code == 403
    assert mine.delete(f"/scenarios/{included['id']}").status_code == 403
    own = mine.post("/scenarios", json=NEW).json()["id"]
    theirs = client(person())
    assert theirs.get(f"/scenarios/{own}").status_code == 404
    assert theirs.delete(f"/scenarios/{own}").status_code == 404


def test_a_run_is_a_job_whose_progress_and_results_are_read(
    client: Client, mine: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    deferred: list[str] = []
    monkeypatch.setattr(queue, "defer", lambda _session, task, **_given: deferred.append(task))
    bot = mine.post("/bots", json={}).json()["id"]
    scenario = mine.post("/scenarios", json=NEW).json()["id"]
    body = {"bot_id": bot, "model_id": "fake:echo"}
    begun = mine.post(f"/scenarios/{scenario}/run", json=body)
    assert (begun.status_code, begun.json()["status"]) == (202, "queued")
    assert deferred == [runs.TASK]
    path = f"/scenarios/runs/{begun.json()['id']}"
    assert client(person()).get(path).status_code == 404
    scenario_steps.work(UUID(begun.json()["id"]), may_go_on=lambda: True)
    ended = mine.get(path).json()
    assert (ended["status"], ended["done"], ended["total"]) == ("completed", 1, 1)
    params = {"run_id": begun.json()["id"]}
    [result] = mine.get(f"/bots/{bot}/results", params=params).json()["items"]
    assert result["outcomes"][0]["met"] is True
    [figures] = mine.get(f"/bots/{bot}/scenario-figures").json()["items"]
    assert (figures["scenario"], figures["version"], figures["outcomes_met"]) == ("Returns", 1, 1)


def test_run_all_leaves_out_inactive_scenarios_and_a_cancelled_run_is_not_begun(
    mine: httpx2.Client,
) -> None:
    bot = mine.post("/bots", json={}).json()["id"]
    mine.post("/scenarios", json=NEW)
    inactive = mine.post("/scenarios", json=NEW).json()["id"]
    mine.patch(f"/scenarios/{inactive}", json={"is_active": False})
    begun = mine.post("/scenarios/run-all", json={"bot_id": bot, "model_id": "fake:echo"}).json()
    assert (len(begun["scenario_ids"]), begun["total"]) == (4, 10)
    cancelled = mine.post(f"/scenarios/runs/{begun['id']}/cancel").json()
    assert cancelled["status"] == "cancelled"
    scenario_steps.work(UUID(begun["id"]), may_go_on=lambda: True)
    assert mine.get(f"/scenarios/runs/{begun['id']}").json()["done"] == 0


def test_a_bot_or_model_that_is_missing_stops_a_run_before_it_begins(
    client: Client, mine: httpx2.Client
) -> None:
    [scenario, *_] = mine.get("/scenarios").json()["items"]
    bot = client(person()).post("/bots", json={}).json()["id"]
    own = mine.post("/bots", json={}).json()["id"]
    for body in ({"bot_id": bot}, {"bot_id": own, "model_id": "fake:missing"}):
        assert mine.post(f"/scenarios/{scenario['id']}/run", json=body).status_code == 404


def test_a_person_is_needed(client: Client) -> None:
    assert client().get("/bots").status_code == 401
