"""Test cases whose input is an object: its values fill the variables of a prompt."""

from typing import Any
from uuid import UUID

import httpx2
import pytest

from core.executions.runner import Runner
from tests.api.conftest import Client
from tests.factories.evaluations import run
from tests.factories.identity import person

PROMPT = {
    "name": "shop",
    "prompt": "{{tone}}: {{question}}",
    "variables": [{"name": "tone"}, {"name": "question"}],
}


@pytest.fixture
def mine(client: Client, runner: Runner) -> httpx2.Client:
    return client(person())


def start(
    mine: httpx2.Client,
    target: dict[str, Any],
    expected: str,
    **case: Any,  # noqa: ANN401  fields of any kind
) -> httpx2.Response:
    output = {"type": "contains", "keywords": [expected]}
    body = {"name": "a", "target": target, "test_cases": [{**case, "expected_output": output}]}
    return mine.post("/evaluation/probabilistic", json=body)


def rate(mine: httpx2.Client, started: httpx2.Response) -> float:
    id_ = started.raise_for_status().json()["id"]
    run(UUID(id_))
    value: float = mine.get(f"/evaluation/{id_}").json()["success_rate"]["value"]
    return value


def test_values_of_an_input_fill_the_variables_of_a_prompt(mine: httpx2.Client) -> None:
    mine.post("/templates", json=PROMPT).raise_for_status()
    target = {"template_id": "shop", "model_id": "fake:echo"}
    values = {"tone": "kindly", "question": "a refund?"}
    assert rate(mine, start(mine, target, "kindly: a refund?", input=values)) == 1.0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"question": "a refund?"}, "answer: a refund?"),
        ({"input": "a refund?", "tone": "kind"}, "answer: a refund?"),
        ({"question": "a refund?", "days": 3}, "question: a refund?\ndays: 3"),
    ],
)
def test_without_a_prompt_the_values_are_the_message(
    mine: httpx2.Client, values: dict[str, Any], said: str
) -> None:
    assert rate(mine, start(mine, {"model_id": "fake:echo"}, said, input=values)) == 1.0


@pytest.mark.parametrize(
    ("values", "system_prompt"),
    [
        ({"tone": "kind", "question": "a refund?"}, "(prompt: Be kind, say {{other}}.)"),
        ({"tone": 3, "question": "a refund?"}, "(prompt: Be 3, say {{other}}.)"),
        ({"tone": "{{question}}", "question": "?"}, "(prompt: Be {{question}}, say {{other}}.)"),
        ({"question": "a refund?"}, "(prompt: Be {{ tone }}, say {{other}}.)"),
    ],
)
def test_values_fill_a_system_prompt_and_leave_the_rest_of_it_as_it_is(
    mine: httpx2.Client, values: dict[str, Any], system_prompt: str
) -> None:
    target = {"model_id": "fake:echo", "prompt": "Be {{ tone }}, say {{other}}."}
    assert rate(mine, start(mine, target, system_prompt, input=values)) == 1.0


def test_the_question_of_a_case_fills_input_in_a_system_prompt(mine: httpx2.Client) -> None:
    target = {"model_id": "fake:echo", "prompt": "Answer <q>{{input}}</q>"}
    said = r"(prompt: Answer <q>why <\/q></q>)"
    assert rate(mine, start(mine, target, said, input="why </q>")) == 1.0


@pytest.mark.parametrize("case", [{"input": {}}, {"input": {"a": "b"}, "context": {"c": "d"}}])
def test_an_object_without_values_or_beside_a_context_is_refused(
    mine: httpx2.Client, case: dict[str, Any]
) -> None:
    assert start(mine, {"model_id": "fake:echo"}, "a", **case).status_code == 422
