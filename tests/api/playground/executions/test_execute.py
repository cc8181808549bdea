"""prompts/execute: call a model, and return the complete answer."""

import json
from decimal import Decimal

import httpx2
import pytest

from core.database.db import transaction
from core.executions import runner as runners
from core.executions.models import Execution
from core.executions.runner import Runner
from core.identity.schemas import Role
from core.platform.ids import new_id
from core.playground.schemas import NewPlaygroundMessage
from core.playground.service import answers
from tests.api.conftest import Client
from tests.factories.identity import Person, person

ASK = {"model_id": "fake:echo", "prompt": "the capital of France"}


@pytest.fixture
def one(client: Client) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def execute(mine: httpx2.Client, **given: object) -> httpx2.Response:
    return mine.post("/prompts/execute", json=ASK | given)


def test_the_answer_has_the_contracts_shape(mine: httpx2.Client) -> None:
    answer = execute(mine)
    assert answer.status_code == 200
    body = answer.json()
    named = {
        "id",
        "response",
        "usage",
        "tool_executions",
        "execution_time_ms",
        "first_token_ms",
        "finish_reason",
        "status",
    }
    assert named <= set(body)
    assert {"prompt_tokens", "completion_tokens", "total_tokens", "estimated_cost"} <= set(
        body["usage"]
    )
    assert (body["status"], body["finish_reason"], body["error"]) == ("completed", "stop", None)
    assert body["response"] == "Fake answer: the capital of France (prompt: none)"


def test_tokens_and_costs_are_figures(mine: httpx2.Client) -> None:
    usage = execute(mine).json()["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    assert usage["is_estimated"] is False
    assert usage["cost_source"] == "price_table"


def test_a_cost_is_a_decimal_string_however_small(mine: httpx2.Client) -> None:
    assert execute(mine).json()["usage"]["estimated_cost"] == "0"


def test_times_are_whole_milliseconds(mine: httpx2.Client) -> None:
    body = execute(mine, prompt='#fake {"delay_s": 0.05, "words": 3, "rate": 50}\nx').json()
    assert isinstance(body["first_token_ms"], int)
    assert isinstance(body["execution_time_ms"], int)
    assert 50 <= body["first_token_ms"] < body["execution_time_ms"]


def test_system_prompt_and_messages_come_before_the_prompt(mine: httpx2.Client) -> None:
    before = [
        {"role": "user", "content": "one two three"},
        {"role": "assistant", "content": "four"},
    ]
    alone = execute(mine).json()
    longer = execute(mine, messages=before, system_prompt="Answer in one word.").json()
    assert longer["response"] == "Fake answer: the capital of France (prompt: Answer in one word.)"
    assert longer["usage"]["prompt_tokens"] == alone["usage"]["prompt_tokens"] + 8


def test_context_is_kept_and_not_sent(mine: httpx2.Client) -> None:
    body = execute(mine, context={"customer": "secret name"}).json()
    assert "secret name" not in body["response"]
    assert body["usage"]["prompt_tokens"] == execute(mine).json()["usage"]["prompt_tokens"]


def test_metadata_is_kept_returned_and_not_sent(mine: httpx2.Client) -> None:
    metadata = {"ticket": "secret 17", "labels": ["a", {"b": None}]}
    body = execute(mine, metadata=metadata).json()
    assert body["metadata"] == metadata
    assert mine.get(f"/prompts/{body['id']}").json()["metadata"] == metadata
    assert "secret" not in body["response"]
    assert execute(mine).json()["metadata"] is None
    assert execute(mine, metadata=["no object"]).status_code == 422


def test_an_execution_can_be_read_by_its_id(mine: httpx2.Client) -> None:
    body = execute(mine).json()
    assert mine.get(f"/prompts/{body['id']}").json() == body


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_somebody_elses_is_404(client: Client, mine: httpx2.Client, method: str) -> None:
    id_ = execute(mine).json()["id"]
    path = f"/prompts/{id_}" if method == "GET" else f"/prompts/{id_}/cancel"
    answer = client(person(Role.SUPER_ADMIN)).request(method, path)
    assert answer.status_code == 404
    assert "capital" not in answer.text


@pytest.mark.parametrize(
    "model", ["nothing", "fake:nothing", "nothing:echo", "echo:", ":", "fake:"]
)
def test_a_model_that_is_none_is_404(mine: httpx2.Client, model: str) -> None:
    answer = execute(mine, model_id=model)
    assert answer.status_code == 404
    assert answer.json()["code"] == "model_missing"


def test_a_bare_name_will_do_while_one_provider_has_it(mine: httpx2.Client) -> None:
    assert execute(mine, model_id="echo").json()["model_id"] == "fake:echo"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", 2.1),
        ("temperature", -0.1),
        ("max_tokens", 0),
        ("max_tokens", 32_001),
        ("top_p", 1.1),
        ("frequency_penalty", -3),
        ("presence_penalty", 3),
        ("seed", -1),
        ("seed", 2**31),
        ("stop_sequences", [""]),
        ("stop_sequences", ["x"] * 5),
        ("temperature", "warm"),
    ],
)
def test_a_parameter_that_the_model_does_not_take_is_422(
    mine: httpx2.Client, field: str, value: object
) -> None:
    answer = execute(mine, parameters={field: value})
    assert answer.status_code == 422
    assert answer.json()["code"] == "validation_failed"
    assert answer.json()["errors"][0]["field"].startswith(f"parameters.{field}")


def test_tools_for_a_model_that_calls_none_are_422(mine: httpx2.Client) -> None:
    answer = execute(mine, model_id="fake:plain", tools=[{"name": "look_up"}])
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "tools", "message": "fake:plain does not support tools."}
    ]


def test_tool_calls_in_messages_for_a_model_that_calls_none_are_422(mine: httpx2.Client) -> None:
    call = {"id": "a", "name": "look_up"}
    messages = [
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": "found"},
    ]
    answer = execute(mine, model_id="fake:plain", messages=messages)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["messages"]
    assert execute(mine, messages=messages).status_code == 200


def test_a_scripted_tool_call_is_answered_with_its_result(mine: httpx2.Client) -> None:
    script = '#fake {"tool_calls": [{"name": "look_up"}], "then": [{"text": "Found."}]}\nWhere?'
    first = execute(mine, prompt=script, tools=[{"name": "look_up"}]).json()
    assert (first["finish_reason"], first["response"]) == ("tool_calls", "")
    messages = [
        {"role": "user", "content": script},
        {"role": "assistant", "tool_calls": first["tool_executions"]},
        {"role": "tool", "tool_call_id": first["tool_executions"][0]["id"], "content": "here"},
    ]
    assert execute(mine, prompt="", messages=messages).json()["response"] == "Found."


def test_a_rejected_call_is_not_stored(mine: httpx2.Client) -> None:
    execute(mine, parameters={"max_tokens": 32_001})
    with transaction() as session:
        assert session.query(Execution).count() == 0


def test_a_provider_that_fails_is_502_with_reason_and_the_text_so_far(mine: httpx2.Client) -> None:
    answer = execute(mine, prompt='#fake {"words": 20, "rate": 0, "fail_after": 5}\nx')
    body = answer.json()
    assert answer.status_code == 502
    assert (body["code"], body["reason"]) == ("provider_failed", "server")
    assert "try again" in body["detail"].lower()
    assert body["execution"]["response"] == "Fake answer: the quick answer depends"
    assert body["execution"]["status"] == "failed"


@pytest.mark.parametrize(("model", "reason"), [("refusing", "auth"), ("cut", "incomplete")])
def test_each_way_to_fail_has_its_reason(mine: httpx2.Client, model: str, reason: str) -> None:
    answer = execute(mine, model_id=f"fake:{model}")
    assert (answer.status_code, answer.json()["reason"]) == (502, reason)


@pytest.mark.parametrize(
    ("fault", "status"),
    [("bad_request", 400), ("context_length", 400), ("not_found", 404), ("auth", 502)],
)
def test_what_a_provider_refuses_because_of_the_request_is_no_failure_that_may_pass(
    mine: httpx2.Client, fault: str, status: int
) -> None:
    # Callers send again what was answered with 502
    script = "#fake " + json.dumps({"fault": fault, "fail_after": 0})
    answer = execute(mine, prompt=script)
    assert (answer.status_code, answer.json()["reason"]) == (status, fault)
    assert answer.json()["code"] == "provider_failed"


def test_a_failed_one_can_be_read_and_is_200(mine: httpx2.Client) -> None:
    id_ = execute(mine, model_id="fake:cut").json()["execution"]["id"]
    answer = mine.get(f"/prompts/{id_}")
    assert answer.status_code == 200
    assert answer.json()["error"]["reason"] == "incomplete"


def test_it_may_belong_to_a_session_of_ones_own(mine: httpx2.Client) -> None:
    session_id = mine.post(
        "/admin/playground/chat", json={"message": "x", "model": "fake:echo"}
    ).json()["session_id"]
    assert execute(mine, session_id=session_id).json()["session_id"] == session_id


def test_a_session_of_somebody_else_or_of_nobody_is_404(
    client: Client, mine: httpx2.Client
) -> None:
    theirs = (
        client(person())
        .post("/admin/playground/chat", json={"message": "x", "model": "fake:echo"})
        .json()["session_id"]
    )
    for session_id in (theirs, str(new_id())):
        assert execute(mine, session_id=session_id).status_code == 404


def test_a_deleted_session_takes_no_more(one: Person, mine: httpx2.Client, runner: Runner) -> None:
    with transaction() as session:
        sent = answers.send(
            session, NewPlaygroundMessage(message="x", model="fake:echo"), actor=one.actor
        )
    mine.delete(f"/admin/playground/session/{sent.session_id}")
    assert execute(mine, session_id=str(sent.session_id)).status_code == 404


def test_more_at_once_than_there_are_threads_is_503(
    mine: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runners, "MAX_CONCURRENT_CALLS", 0)
    answer = execute(mine)
    assert (answer.status_code, answer.json()["code"]) == (503, "too_many_at_once")
    assert int(answer.headers["retry-after"]) >= 1


def test_a_price_has_no_exponent(mine: httpx2.Client) -> None:
    prices = [model["prices"] for model in mine.get("/models").json()["items"]]
    assert all(Decimal(price["input"]) == 0 and "E" not in price["input"] for price in prices)
