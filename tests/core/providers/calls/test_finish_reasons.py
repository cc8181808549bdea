"""Vendors' words for the end of an answer, in those of OpenAI."""

import pytest

from core.providers.vendors.finish_reasons import in_openais_words


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("stop", "stop"),
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("model_length", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("tool_limit", "tool_limit"),
        (None, None),
    ],
)
def test_each_vendors_reason_has_openais_word(said: str | None, meant: str | None) -> None:
    assert in_openais_words(said) == meant
