"""ShareGPT turns, with tool calls as in the datasets of Hermes models.

The system turn lists the tools within `<tools>`; a model calls one within `<tool_call>`, and
results are within `<tool_response>`, all of a turn together. Their content is JSON, which cannot
contain these tags.
"""

import json
from collections.abc import Sequence
from itertools import groupby

from core.annotations.exports.transcripts import Definition, TranscriptMessage
from core.conversations.schemas import MessageSpeaker

SPEAKERS = {
    MessageSpeaker.SYSTEM: "system",
    MessageSpeaker.USER: "human",
    MessageSpeaker.ASSISTANT: "gpt",
    MessageSpeaker.TOOL: "tool",
}


def turns(spoken: Sequence[TranscriptMessage], tools: Sequence[Definition]) -> list[dict[str, str]]:
    """Return messages as ShareGPT turns, after the list of tools."""
    told = []
    for role, said in groupby(spoken, lambda each: each.role):
        words = [_words(each) for each in said]
        joined = ["\n".join(words)] if role == MessageSpeaker.TOOL else words
        told += [{"from": SPEAKERS[MessageSpeaker(role)], "value": value} for value in joined]
    return _with_tools(told, tools) if tools else told


def _with_tools(told: list[dict[str, str]], tools: Sequence[Definition]) -> list[dict[str, str]]:
    known = _marked("tools", [tools])
    if told[0]["from"] != "system":
        return [{"from": "system", "value": known}, *told]
    return [{"from": "system", "value": f"{told[0]['value']}\n\n{known}"}, *told[1:]]


def _words(spoken: TranscriptMessage) -> str:
    if spoken.answers is not None:
        return _marked("tool_response", [{"name": spoken.answers.name, "content": spoken.content}])
    calls = [{"name": call.name, "arguments": json.loads(call.arguments)} for call in spoken.calls]
    return "\n".join(
        filter(
            None, (spoken.content if spoken.content.strip() else "", _marked("tool_call", calls))
        )
    )


def _marked(mark: str, given: Sequence[object]) -> str:
    return "\n".join(f"<{mark}>\n{_json(each)}\n</{mark}>" for each in given)


def _json(given: object) -> str:
    return json.dumps(given, ensure_ascii=False).replace("<", "\\u003c")
