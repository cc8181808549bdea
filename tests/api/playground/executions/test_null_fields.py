"""Null for an optional field of a call means what leaving it out means."""

from collections.abc import Mapping, Sequence

import httpx2
import pytest

from tests.api.conftest import Client
from tests.factories.identity import person

OPTIONAL = ("parameters", "tools", "messages", "variables", "cache", "parallel_tool_calls")


@pytest.fixture
def mine(client: Client) -> httpx2.Client:
    return client(person())


def test_an_execution_takes_null_for_what_is_left_out(mine: httpx2.Client) -> None:
    call = {"model_id": "fake:echo", "prompt": "to Paris", **dict.fromkeys(OPTIONAL)}

    answer = mine.post("/prompts/execute", json=call)

    assert answer.status_code == 200, answer.text
    assert "to Paris" in answer.json()["response"]


def test_an_execution_of_a_prompt_takes_null_for_model_and_text(mine: httpx2.Client) -> None:
    prompt = {"name": "shop", "prompt": "to Rome", "model_id": "fake:echo"}
    mine.post("/templates", json=prompt).raise_for_status()
    call = {"template_id": "shop", "model_id": None, "prompt": None}

    answer = mine.post("/prompts/execute", json=call)

    assert answer.status_code == 200, answer.text
    assert "to Rome" in answer.json()["response"]


def test_an_execution_without_a_prompt_still_needs_a_model(mine: httpx2.Client) -> None:
    answer = mine.post("/prompts/execute", json={"model_id": None, "prompt": "to Paris"})

    assert answer.status_code == 422
    assert "Pass `model_id` and `prompt`, or `template_id`." in answer.text


def test_a_rendered_prompt_takes_null_for_values_and_messages(mine: httpx2.Client) -> None:
    made = mine.post("/templates", json={"name": "shop", "prompt": "to Rome"}).raise_for_status()
    values = {"variables": None, "messages": None}

    answer = mine.post(f"/templates/{made.json()['id']}/render", json=values)

    assert answer.status_code == 200, answer.text


def test_a_message_of_the_playground_takes_null_for_what_is_left_out(mine: httpx2.Client) -> None:
    message = {
        "message": "to Paris",
        "model": "fake:echo",
        "parameters": None,
        "tools": None,
        "attachments": None,
    }

    answer = mine.post("/admin/playground/chat", json=message)

    assert answer.is_success, answer.text


def test_a_message_takes_null_for_its_text_beside_tool_calls(mine: httpx2.Client) -> None:
    called = {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "name": "look_up"}]}
    found = {"role": "tool", "tool_call_id": "a", "content": "found", "tool_calls": None}

    answer = execute(mine, [called, found])

    assert answer.status_code == 200, answer.text


def test_a_message_without_a_text_is_refused_still(mine: httpx2.Client) -> None:
    answer = execute(mine, [{"role": "user", "content": None}])

    assert answer.status_code == 422
    assert "content is missing" in answer.text


def execute(mine: httpx2.Client, messages: Sequence[Mapping[str, object]]) -> httpx2.Response:
    body = {"model_id": "fake:echo", "prompt": "to Paris", "messages": list(messages)}
    return mine.post("/prompts/execute", json=body)
