"""A/B tests over the API: create, run, read, export, change, remove."""

import csv
import io
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.executions.runner import Runner
from core.identity.schemas import Role
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.factories.ab_tests import (
    BAD,
    GOOD,
    JUDGE,
    Judges,
    case,
    count_ended,
    created,
    finished,
    started,
    variants,
)
from tests.factories.bots import made
from tests.factories.evaluations import run
from tests.factories.identity import Person, person

PINNED = {"average_response_time", "quality_scores", "personality_consistency", "cost_usd"}


@pytest.fixture
def one(client: Client, runner: Runner) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def body(one: Person, cases: Sequence[dict[str, Any]] = (), **more: object) -> dict[str, Any]:
    given = {"test_name": "Warmth", "test_cases": list(cases) or [case(GOOD, BAD)], **more}
    return given if "variants" in given else given | {"variants": variants(one.actor)}


def test_a_created_test_is_run_by_the_worker_and_has_a_winner(
    mine: httpx2.Client, one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    Judges({GOOD: 5, BAD: 1}, {GOOD: (1, 2, 3, 4), BAD: (4, 3, 2, 1)}).install(monkeypatch)
    sent = mine.post("/ab-tests", json=body(one, [case(GOOD, BAD)] * 12, judge_model_id=JUDGE))
    assert sent.status_code == 201
    test = sent.json()
    assert (test["status"], test["is_running"], test["case_count"]) == (None, False, 12)
    assert [each["id"] for each in test["variants"]] == ["A", "B"]
    path = f"/ab-tests/{test['id']}"
    assert mine.get(f"{path}/result").json()["code"] == "no_result"

    begun = mine.post(f"{path}/run")
    assert (begun.status_code, begun.json()["status"]) == (202, "pending")
    run(UUID(begun.json()["evaluation_id"]))
    assert mine.get(path).json()["progress"]["done"] == 24
    count_ended()

    found = mine.get(f"{path}/result").json()
    assert (found["winner"], found["verdict"]) == ("A", "A is better")
    assert set(found["metrics"]) == PINNED
    assert found["metrics"]["quality_scores"] == {"A": 1, "B": 0}
    assert found["metrics"]["personality_consistency"] == {"A": 100, "B": 100}
    assert found["metrics"]["cost_usd"] == {"A": "0", "B": "0"}
    assert found["recommendation"].startswith("Use A, support@1 · fake:echo")
    assert found["rule"].startswith("Quality decides")
    quality = found["comparisons"][0]
    assert (quality["A"]["n"], quality["comparison"]["cases"]) == (12, 12)
    [listed] = mine.get("/ab-tests").json()["items"]
    assert (listed["winner"], listed["status"]) == ("A", "completed")


def test_the_most_different_or_the_worst_cases_come_first(mine: httpx2.Client, one: Person) -> None:
    cases = [case(GOOD, GOOD), case(BAD, BAD), case(GOOD, BAD, input="the odd one")]
    path = f"/ab-tests/{finished(one.actor, cases).id}"
    page = mine.get(f"{path}/cases").json()
    assert page["total_count"] == 3
    assert [row["position"] for row in page["items"]] == [3, 2, 1]
    assert (page["items"][0]["question"], page["items"][0]["difference"]) == ("the odd one", 1)
    worst = mine.get(f"{path}/cases", params={"order": "worst", "limit": 2}).json()
    assert [row["position"] for row in worst["items"]] == [2, 3]
    both = mine.get(f"{path}/cases/{page['items'][0]['id']}").json()
    assert [(each["target"], each["text"]) for each in both["runs"]] == [(1, GOOD), (2, BAD)]
    assert mine.get(f"{path}/cases/{new_id()}").status_code == 404


def test_of_the_worst_cases_those_that_one_variant_has_no_score_of_come_first(
    mine: httpx2.Client, one: Person
) -> None:
    # least() passes over null, so that a case whose calls all failed came last
    test = finished(one.actor, [case(BAD, BAD), case(GOOD, GOOD)])
    failed = "update ab_test_results set quality_score = null where position = 2 and variant = 'B'"
    with transaction() as session:
        session.execute(text(failed))
    worst = mine.get(f"/ab-tests/{test.id}/cases", params={"order": "worst"}).json()
    assert [row["position"] for row in worst["items"]] == [2, 1]


def test_answers_are_exported_as_csv_and_the_export_is_audited(
    mine: httpx2.Client, client: Client, one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    Judges(traits={GOOD: (11, 22, 33, 44), BAD: None}).install(monkeypatch)
    id_ = finished(one.actor, [case(GOOD, BAD)], judge_model_id=JUDGE).id
    a, b = csv.DictReader(io.StringIO(mine.get(f"/ab-tests/{id_}/export").text))
    assert (a["variant"], a["output"], a["formality_score"], a["empathy_score"]) == (
        "A",
        GOOD,
        "11",
        "44",
    )
    assert (b["variant"], b["output"], b["formality_score"]) == ("B", BAD, "")
    assert "requested form" in b["analysis_problem"]
    audited = client(person(Role.SUPER_ADMIN)).get("/admin/audit?action=ab_test").json()["items"]
    actions = [row["action"] for row in audited]
    assert actions == ["ab_test.export", "ab_test.run", "ab_test.create"]
    assert audited[0]["targets"] == {"ab_test_id": str(id_)}


def test_name_description_and_limit_can_be_changed(mine: httpx2.Client, one: Person) -> None:
    path = f"/ab-tests/{created(one.actor, [case(GOOD, BAD)]).id}"
    changes = {"test_name": "Tone", "description": "Of refunds", "cost_limit_usd": "2.50"}
    changed = mine.patch(path, json=changes).json()
    expected = changes | {"cost_limit_usd": "2.5"}
    assert {name: changed[name] for name in changes} == expected
    assert mine.patch(path, json={"cost_limit_usd": None}).json()["cost_limit_usd"] is None
    assert mine.patch(path, json={"test_name": " "}).status_code == 422


def test_a_run_is_cancelled_and_the_test_removed(mine: httpx2.Client, one: Person) -> None:
    id_ = created(one.actor, [case(GOOD, BAD)]).id
    path = f"/ab-tests/{id_}"
    assert mine.post(f"{path}/cancel").json()["code"] == "ab_test_not_running"
    started(one.actor, id_)
    assert mine.post(f"{path}/run").json()["code"] == "ab_test_running"
    assert mine.delete(path).status_code == 409
    assert mine.post(f"{path}/cancel").status_code == 204
    assert mine.delete(path).status_code == 204
    assert mine.get(path).status_code == 404
    assert mine.get("/ab-tests").json()["total_count"] == 0


def test_others_tests_are_missing(client: Client, one: Person) -> None:
    path = f"/ab-tests/{finished(one.actor, [case(GOOD, BAD)]).id}"
    other = client(person(Role.SUPER_ADMIN))
    for door in ("", "/result", "/cases", f"/cases/{new_id()}", "/export"):
        assert other.get(path + door).status_code == 404, door
    for door in ("/run", "/cancel"):
        assert other.post(path + door).status_code == 404, door
    assert other.patch(path, json={"test_name": "mine"}).status_code == 404
    assert other.delete(path).status_code == 404
    assert other.get("/ab-tests").json()["items"] == []


@pytest.mark.parametrize(
    "changed",
    [
        {"variants": [{"template_id": "default"}]},
        {"variants": [{"template_id": "default"}] * 3},
        {"variants": [{"template_id": "default"}, {"model_id": "fake:echo"}]},
        {"variants": [{"template_id": "default"}, {"prompt": "Be brief."}]},
        {"test_cases": []},
        {"test_cases": [{"input": "no expectation"}]},
        {"scenario_ids": [str(new_id())]},
        {"dataset_id": str(new_id())},
        {"runs": 0},
        {"runs": 101},
        {"cost_limit_usd": "0"},
        {"rubric": " "},
        {"rubric": "x" * 4001},
        {"test_name": ""},
    ],
)
def test_what_cannot_be_compared_is_refused(
    mine: httpx2.Client, one: Person, changed: dict[str, Any]
) -> None:
    assert mine.post("/ab-tests", json=body(one) | changed).status_code == 422


def test_unknown_variants_datasets_and_scenarios_are_missing(
    mine: httpx2.Client, one: Person
) -> None:
    others, valid = made(person().actor), body(one)
    default = {"template_id": "default"}
    for changed in (
        {"variants": [default, {"template_id": "none"}]},
        {"variants": [default, {"template_id": "default", "version": 9}]},
        {"variants": [default, {"bot_id": str(others.id)}]},
        {"variants": [default, default | {"model_id": "fake:none"}]},
        {"test_cases": [], "dataset_id": str(new_id()), "judge_model_id": JUDGE},
        {"test_cases": [], "scenario_ids": [str(new_id())], "judge_model_id": JUDGE},
    ):
        assert mine.post("/ab-tests", json=valid | changed).status_code == 404, changed


def test_an_estimate_counts_answers_and_judges_and_creates_nothing(
    mine: httpx2.Client, one: Person
) -> None:
    plain = mine.post("/ab-tests/estimate", json=body(one, [case(GOOD, BAD)] * 5, runs=2)).json()
    assert (plain["calls"], plain["judge_calls"]) == (20, 0)
    judged = body(one, [case(GOOD, BAD)] * 5, runs=2, judge_model_id=JUDGE, variants=[
        {"template_id": "default", "model_id": "fake:echo"}] * 2)  # fmt: skip
    found = mine.post("/ab-tests/estimate", json=judged).json()
    assert (found["calls"], found["judge_calls"]) == (20, 40)
    assert mine.get("/ab-tests").json()["items"] == []


def test_more_than_twenty_runs_in_a_minute_are_refused(mine: httpx2.Client, one: Person) -> None:
    path = f"/ab-tests/{created(one.actor, [case(GOOD, BAD)]).id}/run"
    statuses = [mine.post(path).status_code for _ in range(21)]
    assert statuses == [202, *[409] * 19, 429]
