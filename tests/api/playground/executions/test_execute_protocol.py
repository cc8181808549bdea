"""prompts/execute with tool calls and schemas: from its body to the body that a vendor gets."""

import json
from collections.abc import Iterator

import httpx2
import pytest

from core.database.db import transaction
from core.executions import encrypted_texts
from core.executions.models import Execution
from core.executions.service import text_removal
from core.providers import gateway
from core.providers.schemas import Connection, ProviderKind
from tests import fake_vendor
from tests.api.conftest import Client
from tests.factories.identity import person
from tests.fake_vendor import Vendor

WEATHER = {"name": "weather", "description": "Tells the weather."}
QUESTION = {"role": "user", "content": "What is the weather in Paris?"}


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with fake_vendor.serving() as served:
        yield served


@pytest.fixture
def mine(client: Client, vendor: Vendor) -> Iterator[httpx2.Client]:
    """Return an account's client; the fake vendor is the provider `lab`."""
    mine = client(person())
    lab = Connection("lab", ProviderKind.OPENAI, f"{vendor.address}/v1", None)
    new_provider = {"name": lab.name, "kind": lab.kind, "base_url": lab.base_url}
    assert mine.post("/admin/providers", json=new_provider).status_code == 201
    yield mine
    gateway.provider(lab, gateway.SILENCE_TIMEOUT_S).close()
    gateway.provider.cache_clear()


def calling(*executions: dict[str, str]) -> dict[str, object]:
    return {"role": "assistant", "tool_calls": list(executions)}


def test_tool_calls_of_an_answer_are_sent_back_with_their_results(
    mine: httpx2.Client, vendor: Vendor
) -> None:
    asked = {"model_id": "lab:tool", "prompt": QUESTION["content"], "tools": [WEATHER]}
    executions = mine.post("/prompts/execute", json=asked).json()["tool_executions"]
    result = {"role": "tool", "tool_call_id": executions[0]["id"], "content": "sun"}
    messages = [QUESTION, calling(*executions), result]
    answered = mine.post("/prompts/execute", json={"model_id": "lab:answer", "messages": messages})
    assert answered.json()["response"].startswith("word")
    assert [message["role"] for message in vendor.last.body["messages"]] == [
        "user",
        "assistant",
        "tool",
    ]
    assert vendor.last.body["messages"][1]["tool_calls"][0]["function"] == {
        "name": "weather",
        "arguments": '{"city": "Paris"}',
    }
    assert vendor.last.body["messages"][2]["tool_call_id"] == executions[0]["id"]


def test_messages_with_tool_calls_are_stored_as_they_were_sent(mine: httpx2.Client) -> None:
    call = {"id": "a", "name": "weather", "arguments": "{}"}
    messages = [QUESTION, calling(call), {"role": "tool", "tool_call_id": "a", "content": "sun"}]
    answered = mine.post("/prompts/execute", json={"model_id": "lab:answer", "messages": messages})
    with transaction() as session:
        row = session.get_one(Execution, answered.json()["id"])
        assert json.loads(encrypted_texts.open_(row.messages, "messages", row.id) or "") == messages


def test_a_result_of_no_call_is_422(mine: httpx2.Client) -> None:
    messages = [QUESTION, {"role": "tool", "tool_call_id": "a", "content": "sun"}]
    answered = mine.post("/prompts/execute", json={"model_id": "lab:answer", "messages": messages})
    assert answered.status_code == 422
    assert "no unanswered tool call" in answered.text


def test_a_call_without_prompt_and_messages_is_422(mine: httpx2.Client) -> None:
    assert mine.post("/prompts/execute", json={"model_id": "lab:answer"}).status_code == 422


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def test_a_response_schema_reaches_the_vendor_and_is_stored(
    mine: httpx2.Client, vendor: Vendor
) -> None:
    asked = {"model_id": "lab:answer", "prompt": "Where?", "response_schema": SCHEMA}
    answered = mine.post("/prompts/execute", json=asked)
    assert answered.status_code == 200
    assert vendor.last.body["response_format"]["json_schema"]["schema"]["required"] == ["city"]
    with transaction() as session:
        row = session.get_one(Execution, answered.json()["id"])
        assert row.parameters == {"response_schema": SCHEMA}
        assert row.owner is not None
        text_removal.remove_texts_of_account(session, row.owner)
        session.refresh(row)
        assert row.parameters == {}


@pytest.mark.parametrize(
    ("model", "given", "field"),
    [
        ("gpt-3.5-turbo", {"response_schema": SCHEMA}, "response_schema"),
        ("gpt-4o", {"parameters": {"reasoning_effort": "high"}}, "parameters.reasoning_effort"),
        ("gpt-5", {"parameters": {"reasoning_effort": "xhigh"}}, "parameters.reasoning_effort"),
        ("gpt-5", {"parameters": {"thinking_budget": 2000}}, "parameters.thinking_budget"),
    ],
)
def test_what_the_model_does_not_support_is_422_before_it_is_called(
    mine: httpx2.Client, model: str, given: dict[str, object], field: str
) -> None:
    vendors_own = {"name": "own", "kind": "openai", "secret": "sk-none"}
    assert mine.post("/admin/providers", json=vendors_own).status_code == 201
    asked = {"model_id": f"own:{model}", "prompt": "Where?", **given}
    answered = mine.post("/prompts/execute", json=asked)
    assert answered.status_code == 422
    assert [error["field"] for error in answered.json()["errors"]] == [field]


def test_a_prompt_of_the_workspace_is_called_with_a_response_schema(
    mine: httpx2.Client, vendor: Vendor
) -> None:
    asked = {"model_id": "lab:answer", "template_id": "default", "prompt": "Where?"}
    answered = mine.post("/prompts/execute", json=asked | {"response_schema": SCHEMA})
    assert answered.status_code == 200
    assert "response_format" in vendor.last.body
