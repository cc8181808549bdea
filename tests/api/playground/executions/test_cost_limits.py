"""`cost_limit_usd`: a call, or a round of tools, that may cost more is not made."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from core.database import settings
from core.database.db import transaction
from core.identity.schemas import Role, Scope
from core.platform import clock
from core.providers import gateway
from core.providers.chunks import Chunk, EndChunk, TextChunk, ToolCallChunk
from core.providers.errors import ProviderUnreachable
from core.providers.packaged_prices import UNPRICED
from core.providers.queries import token_prices
from core.providers.schemas import ModelCall
from core.providers.vendors.fake import Fake
from tests.api.conftest import Client, caller
from tests.api.playground.executions.test_execute_stream import streamed
from tests.api.tools.test_tool_rounds import calling, script
from tests.factories.history import count
from tests.factories.identity import Person, person
from tests.factories.keys import api_key, bearing
from tests.factories.requests import price

# A token of an answer costs a cent, and the input nothing: at worst, a call costs two cents.
ASK = {"model_id": "fake:echo", "prompt": "x", "parameters": {"max_tokens": 2}}
ONE_TOKEN = {"usage": {"input": 0, "output": 1}}
ROUNDS = script(
    calling("current_time") | ONE_TOKEN | {"text": "First."},
    calling("current_time") | ONE_TOKEN | {"text": "Second."},
    ONE_TOKEN | {"text": "Third."},
)


@pytest.fixture
def one(client: Client) -> Person:
    token_prices.clear_cache()  # what the test before has priced
    boss = person(Role.SUPER_ADMIN)
    for model, cents in (("echo", 1), ("plain", 9)):
        rates = {"provider": "fake", "input": "0", "output": str(cents * 10_000)}
        price(boss.actor, model, clock.now() - timedelta(days=1), **rates)
    return boss


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def execute(mine: httpx2.Client, limit: str, **more: object) -> httpx2.Response:
    return mine.post("/prompts/execute", json={**ASK, "cost_limit_usd": limit, **more})


def test_a_call_that_costs_its_limit_at_worst_is_made(mine: httpx2.Client) -> None:
    assert execute(mine, "0.02").status_code == 200


def test_one_that_may_cost_more_is_refused_with_its_worst_case(mine: httpx2.Client) -> None:
    answer = execute(mine, "0.019")
    body = answer.json()
    assert (answer.status_code, body["code"]) == (400, "limit_exceeded")
    assert "may cost up to $0.02, over its cost limit of $0.019" in body["detail"]
    assert (body["limit"], body["value"], body["worst_case"]) == ("cost_limit_usd", 0.019, 0.02)
    assert count("prompt_executions") == 0


def test_without_max_tokens_the_answer_has_a_limit(mine: httpx2.Client) -> None:
    answer = execute(mine, "1", parameters={})
    assert "may cost up to $40.96" in answer.json()["detail"]


def test_a_round_that_may_go_over_the_limit_ends_the_answer_and_keeps_it(
    mine: httpx2.Client,
) -> None:
    answer = execute(mine, "0.035", prompt=ROUNDS, tools=["current_time"])
    body = answer.json()
    assert (answer.status_code, body["code"], body["reason"]) == (
        400,
        "limit_exceeded",
        "cost_limit",
    )
    assert "may cost up to $0.02 in addition to $0.02 before" in body["detail"]
    kept = body["execution"]
    assert kept["response"] == "First.\n\nSecond."
    assert [call["status"] for call in kept["tool_executions"]] == ["completed", "completed"]
    assert (kept["status"], kept["usage"]["estimated_cost"]) == ("failed", "0.02")


def test_rounds_within_the_limit_are_all_made(mine: httpx2.Client) -> None:
    body = execute(mine, "0.04", prompt=ROUNDS, tools=["current_time"]).json()
    assert body["response"] == "First.\n\nSecond.\n\nThird."
    assert body["usage"]["estimated_cost"] == "0.03"


def test_a_stream_ends_with_the_same_error(mine: httpx2.Client) -> None:
    told = streamed(
        mine, **ASK | {"prompt": ROUNDS, "tools": ["current_time"]}, cost_limit_usd=0.02
    )
    problem = told[-1].data["problem"]
    assert (told[-1].name, problem["status"], problem["reason"]) == ("error", 400, "cost_limit")
    assert problem["execution"]["response"] == "First."


def test_a_round_without_reported_tokens_counts_as_its_worst(
    mine: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stream(_self: object, _call: ModelCall, _token: object) -> Iterator[Chunk]:
        yield TextChunk("a")
        yield ToolCallChunk("call_1", "current_time", "{}")
        yield EndChunk("tool_calls")

    monkeypatch.setattr(Fake, "stream", stream)
    body = execute(mine, "0.05", tools=["current_time"]).json()
    assert "in addition to $0.04 before" in body["detail"]


def test_a_model_without_a_price_is_refused(
    mine: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_prices, "cost_of", lambda *_: UNPRICED)
    answer = execute(mine, "5")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert "has no price" in answer.json()["detail"]


@pytest.mark.parametrize(("limit", "status"), [("0.17", 502), ("0.18", 200)])
def test_a_fallback_model_keeps_the_limit_too(
    mine: httpx2.Client, monkeypatch: pytest.MonkeyPatch, limit: str, status: int
) -> None:
    def stream(_self: object, call: ModelCall, _token: object) -> Iterator[Chunk]:
        if call.model == "echo":
            raise ProviderUnreachable
        yield TextChunk("I am plain.")
        yield EndChunk("stop")

    with transaction() as session:
        settings.amend(session, settings.Workspace(fallback_model="fake:plain"), by=None)
    monkeypatch.setattr(Fake, "stream", stream)
    monkeypatch.setattr(gateway, "RETRY_WAITS_S", ())
    assert execute(mine, limit).status_code == status


@pytest.mark.parametrize("limit", ["0", "-1", "NaN", "many"])
def test_a_limit_is_a_positive_amount(mine: httpx2.Client, limit: str) -> None:
    assert execute(mine, limit).status_code == 422


def test_openais_protocol_has_it_too(one: Person, address: str) -> None:
    body: dict[str, Any] = {"model": "fake:echo", "messages": [{"role": "user", "content": "x"}]}
    with caller(address, bearing(api_key(Scope.EXECUTE))) as program:
        answer = program.post(
            "/openai/v1/chat/completions", json={**body, "max_tokens": 2, "cost_limit_usd": 0.01}
        )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "limit_exceeded")
