"""`cache: true`: an identical call gets the answer of the one before, and says so."""

import httpx2
import pytest

from core.identity.schemas import Scope
from core.prompts import jobs
from tests.api.conftest import Client, caller
from tests.api.playground.executions.test_execute_stream import streamed, text_of
from tests.factories.history import count
from tests.factories.identity import Person, person
from tests.factories.keys import api_key, bearing
from tests.factories.prompts import create

COLD = {"cache": True, "parameters": {"temperature": 0}}
COLD_PROMPT = {"default_parameters": {"temperature": 0}}
ASK = {"model_id": "fake:echo", "prompt": "the capital of France", **COLD}


@pytest.fixture
def one(client: Client) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def execute(mine: httpx2.Client, body: dict[str, object]) -> dict[str, object]:
    answer = mine.post("/prompts/execute", json=body)
    assert answer.status_code == 200
    return dict(answer.json())


def test_the_answer_names_the_execution_that_it_is_from(mine: httpx2.Client) -> None:
    first, second = execute(mine, ASK), execute(mine, ASK)
    assert (first["cached_from"], second["cached_from"]) == (None, first["id"])
    assert second["response"] == first["response"]
    assert mine.get(f"/prompts/{second['id']}").json() == second


def test_a_stream_gives_it_as_one_token_event(mine: httpx2.Client) -> None:
    first = execute(mine, ASK)
    told = streamed(mine, **COLD)
    assert [event.name for event in told] == ["token", "usage", "done"]
    assert text_of(told) == first["response"]
    assert told[1].data["estimated_cost"] == "0"
    assert told[2].data["execution"]["cached_from"] == first["id"]


def test_a_prompt_with_other_values_is_another_call(mine: httpx2.Client, one: Person) -> None:
    variables = [{"name": "country"}]
    create(one.actor, "capital", "The capital of {{country}}?", variables=variables, **COLD_PROMPT)
    body = {"model_id": "fake:echo", "template_id": "capital", "cache": True}
    first = execute(mine, {**body, "variables": {"country": "France"}})
    assert execute(mine, {**body, "variables": {"country": "Spain"}})["cached_from"] is None
    again = execute(mine, {**body, "variables": {"country": "France"}})
    assert again["cached_from"] == first["id"]


def test_without_a_temperature_or_seed_it_is_refused_with_what_is_needed(
    mine: httpx2.Client,
) -> None:
    answer = mine.post("/prompts/execute", json=ASK | {"parameters": {}})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert "`temperature` 0 or a `seed`" in answer.json()["detail"]


def test_by_openais_protocol_it_is_no_second_ai_request(client: Client, address: str) -> None:
    body = {"model": "fake:echo", "messages": [{"role": "user", "content": "hello"}], "seed": 1}
    with caller(address, bearing(api_key(Scope.EXECUTE))) as program:
        first, second = (
            program.post("/openai/v1/chat/completions", json={**body, "cache": True}).json()
            for _ in range(2)
        )
    assert second["choices"] == first["choices"]
    assert second["usage"]["total_tokens"] == 0
    jobs.record_requests({"ids": _execution_ids(first, second)})
    assert count("prompt_executions") == 2
    assert count("ai_request_metrics") == 1


def _execution_ids(*completions: dict[str, str]) -> list[str]:
    return [completion["id"].removeprefix("chatcmpl-") for completion in completions]
