"""How answers end, and how calls fail, in the words that programs with OpenAI's SDK look for."""

import json
from typing import Any

import openai
import pytest

from tests.api.openai.test_chat_completions import WEATHER


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
        "messages": [{"role": "user", "content": f"#fake {json.dumps(script)}"}],
        "tools": [WEATHER],
    }
    if is_streamed:
        [*_, last] = program.chat.completions.create(**asked, stream=True)
    else:
        last = program.chat.completions.create(**asked)
    assert last.choices[0].finish_reason == reason
