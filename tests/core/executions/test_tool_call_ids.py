"""Results are matched to tool calls by ID, so that no two calls of an answer may have the same."""

from core.executions.answer_buffers import MAX_ID_CHARS, AnswerBuffer
from core.platform.ids import new_id
from core.providers.chunks import ToolCallChunk


def test_tool_calls_of_an_answer_have_different_ids_whatever_the_server_calls_them() -> None:
    buffer = AnswerBuffer(new_id())
    sent = ["a_3", "a", "a", "", "", "call_5", "x" * MAX_ID_CHARS, "x" * MAX_ID_CHARS + "y"]
    for id_ in sent:
        buffer.add(ToolCallChunk(id_, "weather", "{}"))
    ids = [call.id for call in buffer.tools]
    assert len(set(ids)) == len(sent)
    assert "" not in ids
    assert ids[:2] == ["a_3", "a"]
