"""Evaluations over the API: start, read, compare, export, remove."""

import json
from typing import Any
from uuid import UUID

import httpx2
import pytest

from core.executions.runner import Runner
from core.identity.schemas import Role
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.factories.evaluations import answering, evaluated, run, started
from tests.factories.identity import Person, person

GOOD, BAD = answering("good"), answering("bad")
CONTAINS = [{"kind": "contains", "values": ["good"]}]


@pytest.fixture
def one(client: Client, runner: Runner) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def body(*inputs: str, **more: object) -> dict[str, Any]:
    cases = [
        {"input": each, "expected_output": {"type": "contains", "keywords": ["good"]}}
        for each in inputs or (GOOD,)
    ]
    return {"name": "a", "target": {"model_id": "fake:echo"}, "test_cases": cases, **more}


def test_a_started_evaluation_is_pending_until_the_worker_has_run_it(mine: httpx2.Client) -> None:
    sent = mine.post("/evaluation/probabilistic", json=body(GOOD, BAD, runs=2))
    assert sent.status_code == 202
    assert sent.json()["status"] == "pending"
    run(UUID(sent.json()["id"]))
    found = mine.get(f"/evaluation/{sent.json()['id']}").json()
    assert found["status"] == "completed"
    assert found["progress"]["done"] == 4
    assert found["success_rate"] == {"value": 0.5, "low": None, "high": None, "n": 2}
    assert (found["average_score"], found["consistency"]) == (0.5, 0.5)
    assert found["recommendations"][0]["evidence"] == "2 cases"
    [listed] = mine.get("/evaluation").json()["items"]
    assert listed["rates"][0]["value"] == 0.5


def test_cases_have_their_runs_behind_them(mine: httpx2.Client, one: Person) -> None:
    id_ = evaluated(one.actor, GOOD, BAD).id
    page = mine.get(f"/evaluation/{id_}/cases").json()
    assert [row["position"] for row in page["items"]] == [2, 1]
    assert (page["total_count"], page["limit"], page["offset"]) == (2, 50, 0)
    case = mine.get(f"/evaluation/{id_}/cases/{page['items'][0]['id']}").json()
    assert case["runs"][0]["text"] == "bad"
    assert case["runs"][0]["scores"][0]["passed"] is False
    assert mine.get(f"/evaluation/{id_}/cases/{new_id()}").status_code == 404
    behind = mine.get(f"/evaluation/{id_}/cases", params={"limit": 1, "offset": 2}).json()
    assert behind == {"items": [], "total_count": 2, "limit": 1, "offset": 2}


def test_two_evaluations_are_compared_over_the_cases_that_ask_the_same(
    mine: httpx2.Client, one: Person
) -> None:
    first = evaluated(one.actor, *[answering("good", delay_s=n / 1e6) for n in range(12)])
    second = evaluated(
        one.actor,
        *[answering("good", delay_s=n / 1e6) for n in range(12)],
        scorers=[{"kind": "contains", "values": ["bad"]}],
    )
    found = mine.get(f"/evaluation/{second.id}/compare/{first.id}").json()
    [compared] = found["targets"]
    assert found["cases_in_common"] == 12
    passes = compared["passes"]
    assert (passes["verdict"], passes["method"]) == ("worse", "mcnemar_exact")
    assert (passes["only_this"], passes["only_baseline"]) == (0, 12)
    assert passes["p_value"] == pytest.approx(2 * 0.5**12)
    assert found["scoring_note"].startswith("Not scored alike: other scorers.")


def test_a_comparison_follows_when_the_answers_are_scored_again(
    mine: httpx2.Client, one: Person
) -> None:
    # It is kept between requests
    first, second = (evaluated(one.actor, *[GOOD] * 12) for _ in range(2))
    address = f"/evaluation/{second.id}/compare/{first.id}"
    assert mine.get(address).json()["targets"][0]["passes"]["difference"] == 0
    scorers = [{"kind": "contains", "values": ["bad"]}]
    sent = mine.post(f"/evaluation/{second.id}/rescore", json={"scorers": scorers})
    assert sent.status_code == 202
    run(second.id)
    assert mine.get(address).json()["targets"][0]["passes"]["difference"] == -1
    assert mine.post(f"/evaluation/{first.id}/rescore", json={"scorers": scorers}).is_success
    run(first.id)
    assert mine.get(address).json()["targets"][0]["passes"]["difference"] == 0


def test_evaluations_without_a_case_in_common_are_not_compared(
    mine: httpx2.Client, one: Person
) -> None:
    first, second = (evaluated(one.actor, answering(text)) for text in ("good", "fine"))
    refused = mine.get(f"/evaluation/{second.id}/compare/{first.id}")
    assert refused.status_code == 422


def test_the_targets_of_an_evaluation_are_compared_with_one_of_them(
    mine: httpx2.Client, one: Person
) -> None:
    id_ = evaluated(
        one.actor, GOOD, targets=[{"model_id": "fake:echo"}, {"model_id": "fake:plain"}]
    ).id
    found = mine.get(f"/evaluation/{id_}/compare/{id_}").json()
    [compared] = found["targets"]
    assert (compared["target"], compared["baseline_target"]) == (2, 1)
    assert compared["passes"]["verdict"] == "too_few_cases"
    assert compared["passes"]["words"].startswith("too few cases: about")


def test_runs_are_exported_as_csv_json_lines_and_markdown(mine: httpx2.Client, one: Person) -> None:
    id_ = evaluated(one.actor, GOOD, BAD, runs=2).id
    lines = mine.get(f"/evaluation/{id_}/export").text.splitlines()
    assert lines[0].startswith("position,target,run,status,input")
    rows = mine.get(f"/evaluation/{id_}/export", params={"format": "jsonl"}).text.splitlines()
    assert [json.loads(row)["passed"] for row in rows] == [True, True, False, False]
    report = mine.get(f"/evaluation/{id_}/export", params={"format": "markdown"}).text
    assert report.startswith("# Refunds")
    assert "| fake:echo | 50.0% of 2 (no interval)" in report


def test_an_export_is_audited_once_with_its_format(
    mine: httpx2.Client, client: Client, one: Person
) -> None:
    # Texts of users leave the console by it
    id_ = evaluated(one.actor, GOOD).id
    assert mine.get(f"/evaluation/{id_}/export", params={"format": "jsonl"}).is_success
    boss = client(person(Role.SUPER_ADMIN))
    [row] = boss.get("/admin/audit?action=evaluation.export").json()["items"]
    assert row["targets"] == {"evaluation_id": str(id_), "format": "jsonl"}


def test_a_report_has_no_comparison_with_a_baseline_that_asked_something_else(
    mine: httpx2.Client, one: Person
) -> None:
    baseline = evaluated(one.actor, answering("fine")).id
    id_ = evaluated(one.actor, GOOD, baseline_id=str(baseline)).id
    report = mine.get(f"/evaluation/{id_}/export", params={"format": "markdown"})
    assert report.status_code == 200
    assert "Against the baseline" not in report.text


def test_an_estimate_counts_calls_and_starts_nothing(mine: httpx2.Client) -> None:
    found = mine.post("/evaluation/estimate", json=body(GOOD, BAD, runs=5)).json()
    assert found["calls"] == 10
    assert mine.get("/evaluation").json()["items"] == []


def test_others_evaluations_are_missing(client: Client, one: Person) -> None:
    id_ = evaluated(one.actor).id
    other = client(person())
    assert other.get(f"/evaluation/{id_}").status_code == 404
    assert other.get(f"/evaluation/{id_}/export").status_code == 404
    assert other.post(f"/evaluation/{id_}/cancel").status_code == 404
    assert other.delete(f"/evaluation/{id_}").status_code == 404


def test_a_running_one_is_cancelled_and_then_removed(mine: httpx2.Client, one: Person) -> None:
    id_ = started(one.actor)
    assert mine.delete(f"/evaluation/{id_}").status_code == 409
    assert mine.post(f"/evaluation/{id_}/cancel").status_code == 204
    assert mine.post(f"/evaluation/{id_}/cancel").status_code == 409
    assert mine.post(f"/evaluation/{id_}/resume", json={}).status_code == 202
    run(id_)
    assert mine.post(f"/evaluation/{id_}/rerun").status_code == 409
    assert mine.post(f"/evaluation/{id_}/rescore", json={}).status_code == 202
    run(id_)
    assert mine.delete(f"/evaluation/{id_}").status_code == 204
    assert mine.get(f"/evaluation/{id_}").status_code == 404


@pytest.mark.parametrize(
    "changed",
    [
        {"name": " "},
        {"runs": 0},
        {"runs": 101},
        {"test_cases": []},
        {"target": None},
        {"targets": [{"model_id": "fake:echo"}] * 7, "target": None},
        {"target": {"prompt": "a", "template_id": "b"}},
        {"test_cases": [{"input": "a"}]},
        {"test_cases": [{"input": "a", "expected_output": {"type": "regex", "pattern": "("}}]},
        {"test_cases": [{"input": "a", "expected_output": {"type": "numeric", "value": "b"}}]},
        {"scorers": [{"kind": "nonsense"}]},
    ],
)
def test_what_cannot_be_run_is_refused(mine: httpx2.Client, changed: dict[str, Any]) -> None:
    assert mine.post("/evaluation/probabilistic", json=body() | changed).status_code == 422


def test_unknown_models_prompts_and_baselines_are_missing(mine: httpx2.Client) -> None:
    for changed in (
        {"target": {"model_id": "fake:none"}},
        {"target": {"template_id": "none"}},
        {"target": {"service_id": str(new_id())}},
        {"baseline_id": str(new_id())},
    ):
        assert mine.post("/evaluation/probabilistic", json=body() | changed).status_code == 404


def test_a_prompts_version_answers_with_its_text(mine: httpx2.Client) -> None:
    mine.post("/templates", json={"name": "pirate", "prompt": "", "system_prompt": "Say arr."})
    target = {"template_id": "pirate", "version": 1, "model_id": "fake:echo"}
    cases = [{"input": "hi", "expected_output": {"type": "contains", "keywords": ["Say arr."]}}]
    sent = mine.post("/evaluation/probabilistic", json=body(target=target, test_cases=cases))
    run(UUID(sent.json()["id"]))
    found = mine.get(f"/evaluation/{sent.json()['id']}").json()
    assert found["success_rate"]["value"] == 1.0
    assert found["results"][0]["title"] == "pirate@1 · fake:echo"


def test_more_than_twenty_starts_in_a_minute_are_refused(mine: httpx2.Client) -> None:
    statuses = [mine.post("/evaluation/probabilistic", json=body()).status_code for _ in range(21)]
    assert statuses == [202] * 20 + [429]
    assert mine.get("/evaluation").status_code == 200


def test_a_version_of_a_dataset_and_its_split_are_run(mine: httpx2.Client) -> None:
    dataset = mine.post("/datasets", json={"name": "a"}).json()["id"]
    cases = [
        {
            "messages": [{"role": "user", "content": GOOD}],
            "assertions": CONTAINS,
            "split": split,
        }
        for split in ("tune", "holdout", "holdout")
    ]
    assert mine.post(f"/datasets/{dataset}/cases", json={"cases": cases}).status_code < 300
    wanted = {"name": "a", "target": {"model_id": "fake:echo"}, "dataset_id": dataset}
    sent = mine.post("/evaluation/probabilistic", json=wanted | {"split": "holdout"})
    run(UUID(sent.json()["id"]))
    found = mine.get(f"/evaluation/{sent.json()['id']}").json()
    assert (found["cases"], found["dataset_version"], found["success_rate"]["n"]) == (2, 1, 2)
    assert found["manifest"]["split"] == "holdout"
    missing = wanted | {"dataset_version": 2}
    assert mine.post("/evaluation/probabilistic", json=missing).status_code == 404


def test_a_dataset_without_cases_or_scorers_is_refused(mine: httpx2.Client) -> None:
    dataset = mine.post("/datasets", json={"name": "a"}).json()["id"]
    wanted = {"name": "a", "target": {"model_id": "fake:echo"}, "dataset_id": dataset}
    assert mine.post("/evaluation/probabilistic", json=wanted).status_code == 422
    bare = {"cases": [{"messages": [{"role": "user", "content": "a"}]}]}
    mine.post(f"/datasets/{dataset}/cases", json=bare)
    assert mine.post("/evaluation/probabilistic", json=wanted).status_code == 422
    sent = mine.post("/evaluation/probabilistic", json=wanted | {"scorers": CONTAINS})
    assert sent.status_code == 202
