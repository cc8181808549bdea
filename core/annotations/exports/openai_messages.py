"""Messages as OpenAI's API has them; TRL's conversational datasets have the same."""

from typing import Any

from core.annotations.exports.transcripts import TranscriptMessage


def messages(*spoken: TranscriptMessage) -> list[dict[str, Any]]:
    return [_message(each) for each in spoken]


def _message(spoken: TranscriptMessage) -> dict[str, Any]:
    if spoken.answers is not None:
        return {
            "role": spoken.role,
            "tool_call_id": spoken.answers.id,
            "name": spoken.answers.name,
            "content": spoken.content,
        }
    if not spoken.calls:
        return {"role": spoken.role, "content": spoken.content}
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in spoken.calls
    ]
    return {"role": spoken.role, "content": spoken.content or None, "tool_calls": calls}
