"""prompts/execute with tool calls: from the body of the request to the body that a vendor gets."""

from collections.abc import Iterator

import httpx2
import pytest

from core.database.db import transaction
from core.executions import encrypted_texts
from core.executions.models import Execution
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
        assert encrypted_texts.open_json(row.messages, "messages", row.id) == messages


def test_a_result_of_no_call_is_422(mine: httpx2.Client) -> None:
    messages = [QUESTION, {"role": "tool", "tool_call_id": "a", "content": "sun"}]
    answered = mine.post("/prompts/execute", json={"model_id": "lab:answer", "messages": messages})
    assert answered.status_code == 422
    assert "no unanswered tool call" in answered.text


def test_a_call_without_prompt_and_messages_is_422(mine: httpx2.Client) -> None:
    assert mine.post("/prompts/execute", json={"model_id": "lab:answer"}).status_code == 422
