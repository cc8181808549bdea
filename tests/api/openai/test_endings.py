"""How answers end, and how calls fail, in the words that programs with OpenAI's SDK look for."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from core.database.db import transaction
from core.executions.models import Execution
from core.executions.schemas import ExecutionStatus
from tests.api.openai.test_chat_completions import WEATHER
from tests.faults.program import until


def scripted(script: dict[str, Any]) -> list[ChatCompletionMessageParam]:
    """Return the messages that make the fake provider follow a script."""
    return [{"role": "user", "content": f"#fake {json.dumps(script)}"}]


@pytest.mark.parametrize("is_streamed", [True, False])
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({"finish_reason": "max_tokens"}, "length"),
        ({"finish_reason": "refusal"}, "content_filter"),
        ({"finish_reason": "end_turn"}, "stop"),
        ({"finish_reason": "length", "tool_calls": [{"name": "weather"}]}, "length"),
        ({"finish_reason": "tool_use", "tool_calls": [{"name": "weather"}]}, "tool_calls"),
        ({"finish_reason": "stop", "tool_calls": [{"name": "weather"}]}, "tool_calls"),
    ],
)
def test_an_answer_that_any_vendor_cut_off_or_refused_says_so(
    program: openai.OpenAI, script: dict[str, Any], reason: str, is_streamed: bool
) -> None:
    asked: dict[str, Any] = {
        "model": "fake:echo",
        "messages": scripted(script),
        "tools": [WEATHER],
    }
    if is_streamed:
        [*_, last] = program.chat.completions.create(**asked, stream=True)
    else:
        last = program.chat.completions.create(**asked)
    assert last.choices[0].finish_reason == reason


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("context_length", openai.BadRequestError, "context_length_exceeded"),
        ("bad_request", openai.BadRequestError, "bad_request"),
        ("not_found", openai.NotFoundError, "model_not_found"),
    ],
)
def test_what_a_provider_refuses_for_good_is_not_sent_again(
    program: openai.OpenAI, fault: str, error: type[openai.APIStatusError], code: str
) -> None:
    # SDKs send what was answered with 502 twice more
    messages = scripted({"fault": fault, "fail_after": 0})
    with pytest.raises(error) as refused:
        program.with_options(max_retries=1).chat.completions.create(
            model="fake:echo", messages=messages
        )
    assert refused.value.code == code
    with transaction() as session:
        assert session.query(Execution).count() == 1
    stream = program.chat.completions.create(model="fake:echo", messages=messages, stream=True)
    with pytest.raises(openai.APIError) as failed:
        list(stream)
    assert failed.value.code == code


@pytest.mark.parametrize("fault", ["server", "overloaded", "rate_limit", "connection"])
def test_a_failure_that_may_pass_is_an_error_of_the_server(
    program: openai.OpenAI, fault: str
) -> None:
    messages = scripted({"fault": fault, "fail_after": 1})  # after the first word, not retried
    with pytest.raises(openai.InternalServerError) as failed:
        program.chat.completions.create(model="fake:echo", messages=messages)
    assert failed.value.code == "provider_failed"


def cancel(address: str, key: str) -> None:
    """Cancel the only call when it has begun."""

    def pending() -> list[Execution]:
        with transaction() as session:
            return session.query(Execution).filter_by(status=ExecutionStatus.PENDING).all()

    until(lambda: bool(pending()), 30)
    url = f"{address}/api/v1/prompts/{pending()[0].id}/cancel"
    headers = {"Authorization": f"Bearer {key}"}
    httpx2.post(url, headers=headers, trust_env=False).raise_for_status()


@pytest.mark.parametrize("is_streamed", [True, False])
def test_an_answer_that_was_cancelled_does_not_look_complete(
    program: openai.OpenAI, address: str, is_streamed: bool
) -> None:
    # It ended with the reason `stop`
    messages = scripted({"words": 2000, "rate": 20})

    def read() -> None:
        create = program.chat.completions.create
        answer = create(model="fake:echo", messages=messages, stream=is_streamed)
        if is_streamed:
            list(answer)

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        cancel(address, program.api_key)
        with pytest.raises(openai.APIError, match="cancelled") as cancelled:
            reading.result(timeout=30)
    assert cancelled.value.code == "cancelled"
