"""Tool calls that arrive in parts are put together, within the limits of an answer."""

import pytest

from core.providers.chunks import ToolCallChunk
from core.providers.errors import AnswerTooLong
from core.providers.vendors.streamed_tool_calls import MAX_CALL_CHARS, MAX_CALLS, ToolCalls


def test_parts_of_calls_are_joined_in_the_order_of_the_calls() -> None:
    calls = ToolCalls()
    calls.add(1, id="b", name="time", arguments="{}")
    calls.add(0, id="a", name="wea", arguments='{"city":')
    calls.add(0, name="ther", arguments='"Rome"}')
    assert list(calls.chunks()) == [
        ToolCallChunk("a", "weather", '{"city":"Rome"}'),
        ToolCallChunk("b", "time", "{}"),
    ]


def test_arguments_without_an_end_are_cut_off() -> None:
    # Only the 64 MiB of a response limited them
    calls = ToolCalls()
    calls.add(0, name="a", arguments="x" * (MAX_CALL_CHARS - 1))
    with pytest.raises(AnswerTooLong):
        calls.add(0, arguments="x")


def test_calls_without_an_end_are_cut_off() -> None:
    calls = ToolCalls()
    for number in range(MAX_CALLS):
        calls.add(number, name="a")
    with pytest.raises(AnswerTooLong):
        calls.add(MAX_CALLS, name="a")


def test_an_id_without_an_end_is_cut_off() -> None:
    # An ID of up to 64 MiB was stored and sent with each page
    with pytest.raises(AnswerTooLong):
        ToolCalls().add(0, id="x" * (MAX_CALL_CHARS + 1), name="a")
