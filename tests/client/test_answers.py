"""What an app answers is sent, and so is that it failed."""

import json

import pytest

from attune_client.answers import Answer, Case, answered
from core.evaluations.app_schemas import AppAnswers

ITEM = {
    "id": "0190a6e0-0000-7000-8000-000000000000",
    "messages": [{"role": "user", "content": "Hi"}],
    "context": None,
    "tags": [],
    "position": 0,
    "run": 1,
}


class Unspeakable(Exception):
    """An error that has no words, as some of libraries."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_error_of_the_app_that_has_no_words_is_its_answer_too() -> None:
    # An error whose str() fails ended the whole evaluation
    def fail(_case: Case) -> str:
        raise Unspeakable

    assert answered(fail, ITEM)["error"] == "Unspeakable"


@pytest.mark.parametrize(("depth", "is_failed"), [(63, False), (64, True), (5000, True)])
def test_arguments_that_attune_would_refuse_are_a_failed_call(depth: int, is_failed: bool) -> None:
    value: object = "Hi"
    for _ in range(depth - 1):
        value = (value,)
    call = {"name": "search", "arguments": {"a": value}}
    sent = answered(lambda _: Answer("Hi", tool_calls=[call]), ITEM)
    AppAnswers.model_validate_json(json.dumps({"answers": [sent]}))
    assert ("error" in sent) is is_failed


def test_a_model_that_called_no_tools_has_answered() -> None:
    sent = answered(lambda _: Answer("Hi", tool_calls=None), ITEM)  # as OpenAI's SDK has it
    assert (sent.get("error"), sent["tool_calls"]) == (None, [])


def test_an_answer_that_only_calls_tools_needs_no_text() -> None:
    # A model that only calls tools has none
    call = {"name": "search", "arguments": {}}
    sent = answered(lambda _: Answer(None, tool_calls=[call]), ITEM)
    assert (sent.get("error"), sent["text"], sent["tool_calls"]) == (None, "", [call])


def test_an_answer_without_text_and_tools_is_a_failed_call_that_says_so() -> None:
    sent = answered(lambda _: Answer(None), ITEM)
    assert sent["error"] == "TypeError: the text of the app's Answer is NoneType"
