"""prompts/execute with texts of the call itself: `variables` fill them, as those of a prompt."""

from typing import Any

import httpx2
import pytest

from core.executions.runner import Runner
from tests.api.conftest import Client
from tests.factories.identity import person

VALUES = {"name": "Ana", "note": "a </note> b", "tone": "kind"}
CALL = {
    "model_id": "fake:echo",
    "prompt": "Greet {{name}} <note>{{note}}</note>",
    "system_prompt": "Be {{tone}}.",
    "variables": VALUES,
}


@pytest.fixture
def mine(client: Client, runner: Runner) -> httpx2.Client:
    return client(person())


def execute(mine: httpx2.Client, **more: object) -> httpx2.Response:
    return mine.post("/prompts/execute", json=CALL | more)


def test_variables_fill_the_texts_of_a_call_and_cannot_end_their_place(mine: httpx2.Client) -> None:
    said = execute(mine).raise_for_status().json()["response"]
    assert said == r"Fake answer: Greet Ana <note>a <\/note> b</note> (prompt: Be kind.)"


def test_values_other_than_texts_are_written_as_json(mine: httpx2.Client) -> None:
    answer = execute(mine, prompt="{{n}} {{list}}", variables={"tone": "kind", "n": 3, "list": [1]})
    assert "Fake answer: 3 [1]" in answer.raise_for_status().json()["response"]


def test_a_streamed_call_is_filled_too(mine: httpx2.Client) -> None:
    streamed = mine.post("/prompts/execute/stream", json=CALL)
    assert "(prompt: Be kind.)" in streamed.text


def test_the_context_fills_what_the_variables_lack(mine: httpx2.Client) -> None:
    # Context alone makes no template: a user's text could read what is stored beside it
    values = {"note": "n", "tone": "kind"}
    answer = execute(mine, variables=values, context={"name": "Bo", "customer": 7})
    assert "Greet Bo" in answer.raise_for_status().json()["response"]


def test_the_filled_texts_are_the_stored_ones(mine: httpx2.Client) -> None:
    session_id = mine.post("/sessions", json={}).json()["session_id"]
    execute(mine, session_id=session_id).raise_for_status()
    stored = mine.get(f"/sessions/{session_id}/executions").json()["items"][0]
    assert stored["system_prompt"] == "Be kind."
    assert stored["prompt"].startswith("Greet Ana")


@pytest.mark.parametrize("given", [{}, {"variables": {}}, {"context": {"name": "Ana"}}])
def test_texts_without_variables_are_sent_as_they_are(
    mine: httpx2.Client, given: dict[str, Any]
) -> None:
    # What fills a text is chosen by `variables`: a user's text must not read the stored context
    call = {"model_id": "fake:echo", "prompt": "Greet {{name}}"}
    answer = mine.post("/prompts/execute", json=call | given)
    assert "Greet {{name}}" in answer.raise_for_status().json()["response"]


@pytest.mark.parametrize(
    ("variables", "field", "words"),
    [
        ({"name": "Ana", "tone": "kind"}, "variables.note", "A value is required."),
        (VALUES | {"other": "x"}, "variables.other", "No such variable"),
        ({"name": None, "note": "n", "tone": "kind"}, "variables.name", "A value is required."),
    ],
)
def test_values_that_do_not_fit_the_texts_are_refused(
    mine: httpx2.Client, variables: dict[str, Any], field: str, words: str
) -> None:
    answer = execute(mine, variables=variables)
    assert answer.status_code == 422
    error = answer.json()["errors"][0]
    assert error["field"] == field
    assert words in error["message"]


def test_values_that_leave_no_prompt_are_refused(mine: httpx2.Client) -> None:
    answer = execute(mine, prompt="{{name}}", system_prompt=None, variables={"name": ""})
    assert answer.status_code == 422
    assert "no text" in answer.json()["detail"]
