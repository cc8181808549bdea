"""Test messages over the API: the answer, its sources, its analysis and ratings."""

import json
from typing import Any

import httpx2
import pytest

from core.bots.knowledge.sample_company import SAMPLE_COMPANY
from tests.api.conftest import Client
from tests.factories.bots import JUDGE, Judge, judgement
from tests.factories.identity import Person, person


@pytest.fixture
def one(client: Client) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def bot_of(mine: httpx2.Client, **content: object) -> str:
    id_: str = mine.post("/bots", json=content).json()["id"]
    return id_


def sent(mine: httpx2.Client, bot: str, message: str, **more: object) -> dict[str, Any]:
    body = {"message": message, "model_id": "fake:echo", "judge_model_id": JUDGE, **more}
    answer = mine.post(f"/bots/{bot}/test-message", json=body)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_the_answer_is_the_models_and_has_the_contracts_fields(
    mine: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    Judge(judgement()).install(monkeypatch)
    bot = bot_of(mine, knowledge=SAMPLE_COMPANY.model_dump(mode="json"))
    found = sent(mine, bot, '#fake {"text": "The Linden S costs 89 euros."}\nWhat is it?')
    assert found["response"] == "The Linden S costs 89 euros."
    assert isinstance(found["response_time_ms"], int)
    assert found["confidence"] == 83
    assert found["personality_score"]["overall_alignment"] == 90
    [source, *_] = found["knowledge_sources"]
    assert source["title"].startswith("Product: Linden S")
    assert "89" in source["words"]
    assert found["knowledge_coverage"] > 0.5


def test_the_answer_comes_without_its_analysis_which_follows(mine: httpx2.Client) -> None:
    bot = bot_of(mine)
    first = sent(mine, bot, "hello", analyze=False)
    assert first["response"]
    assert (first["personality_score"], first["analysis_problem"]) == (None, None)
    path = f"/bots/results/{first['id']}"
    analyzed = mine.post(f"{path}/analysis", json={"judge_model_id": JUDGE}).json()
    assert analyzed["personality_score"] is not None
    assert analyzed == mine.get(path).json()


def test_the_bots_prompt_and_parameters_reach_the_model(mine: httpx2.Client) -> None:
    bot = bot_of(mine, bot_name="Rosa", response_style="concise")
    found = sent(mine, bot, "hello", analyze=False)
    assert "(prompt: You are Rosa, the assistant who answers" in found["response"]
    execution = mine.get(f"/prompts/{found['execution_id']}").json()
    assert execution["metadata"] == {"bot_id": bot, "bot_version": 1}


def test_a_version_is_tested_beside_the_draft(mine: httpx2.Client) -> None:
    bot = bot_of(mine, bot_name="Rosa")
    mine.patch(f"/bots/{bot}", json={"bot_name": "Lily"})
    draft = sent(mine, bot, "hello", analyze=False)
    old = sent(mine, bot, "hello", analyze=False, version=1)
    assert ("Lily" in draft["response"], draft["version"]) == (True, None)
    assert ("Rosa" in old["response"], old["version"]) == (True, 1)
    listed = mine.get(f"/bots/{bot}/results", params={"version": 1}).json()
    assert [each["id"] for each in listed["items"]] == [old["id"]]


def test_an_answer_that_fails_is_a_problem_and_no_result(mine: httpx2.Client) -> None:
    bot = bot_of(mine)
    body = {"message": "hello", "model_id": "fake:refusing"}
    failed = mine.post(f"/bots/{bot}/test-message", json=body)
    assert (failed.status_code, failed.json()["code"]) == (502, "provider_failed")
    assert mine.get(f"/bots/{bot}/results").json()["items"] == []


@pytest.mark.parametrize(
    ("fault", "status"),
    [("bad_request", 400), ("context_length", 400), ("not_found", 404), ("overloaded", 502)],
)
def test_what_a_provider_refuses_for_good_is_the_callers_error(
    mine: httpx2.Client, fault: str, status: int
) -> None:
    # Programs send again what was answered with 502
    message = f"#fake {json.dumps({'fault': fault, 'fail_after': 0})}"
    body = {"message": message, "model_id": "fake:echo"}
    failed = mine.post(f"/bots/{bot_of(mine)}/test-message", json=body)
    assert (failed.status_code, failed.json()["reason"]) == (status, fault)


@pytest.mark.parametrize(("rating", "status"), [(1, 200), (3.5, 200), (5, 200), (0.5, 422),
                                                (5.5, 422), (3.3, 422)])  # fmt: skip
def test_ratings_are_half_steps_from_one_to_five(
    mine: httpx2.Client, rating: float, status: int
) -> None:
    result = sent(mine, bot_of(mine), "hello", analyze=False)
    rated = mine.post(f"/bots/results/{result['id']}/rating", json={"rating": rating})
    assert rated.status_code == status
    if status == 200:
        assert rated.json()["rating"] == rating


def test_ratings_are_averaged_beside_their_version(mine: httpx2.Client) -> None:
    bot = bot_of(mine)
    for rating in (4, 4.5):
        result = sent(mine, bot, "hello", analyze=False)
        mine.post(f"/bots/results/{result['id']}/rating", json={"rating": rating})
    [version] = mine.get(f"/bots/{bot}/history").json()["items"]
    assert (version["tests"], version["mean_rating"]) == (2, 4.25)


def test_what_an_account_tests_of_a_shared_bot_stays_its_own(
    client: Client, mine: httpx2.Client
) -> None:
    bot = bot_of(mine, visibility="shared")
    theirs = client(person())
    result = sent(theirs, bot, "hello", analyze=False)
    assert mine.get(f"/bots/results/{result['id']}").status_code == 404
    assert mine.get(f"/bots/{bot}/results").json()["items"] == []
    assert len(theirs.get(f"/bots/{bot}/results").json()["items"]) == 1


def test_judges_are_models_with_structured_output(mine: httpx2.Client) -> None:
    found = {each["id"]: each["is_fit"] for each in mine.get("/bots/judges").json()["items"]}
    assert found[JUDGE] is True
    assert "fake:plain" not in found
