"""One captured message of a span as role, text and tool calls, whichever its format."""

from typing import Any

import msgspec

from core.ai_metrics.otlp import dialects
from core.ingest.bodies import without_nul
from core.ingest.json_limits import is_excessive

LONGEST = 1_000_000


MOST_VALUES = 20_000  # of JSON in a text: each message becomes a row
PART_KEYS = frozenset({"type", "text", "toolUse", "toolResult"})
ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
}


class SpanMessage(msgspec.Struct):
    """A message. Tool calls are `{id?, name, arguments?}`; `answers` is a call's id."""

    role: str
    text: str
    tool_calls: list[dict[str, Any]]
    answers: str | None = None


class _Text(msgspec.Struct, tag_field="type", tag="text", forbid_unknown_fields=True):
    content: str


class _Plain(msgspec.Struct, forbid_unknown_fields=True):
    """A message of text alone, as nearly all are: these are read in one step."""

    role: str
    parts: list[_Text]
    finish_reason: str | None = None


_plain_messages = msgspec.json.Decoder(list[_Plain])


def read_messages(given: Any, role: str) -> list[SpanMessage]:  # noqa: ANN401  any JSON
    if given is None:
        return []
    if isinstance(given, str) and is_excessive(given, MOST_VALUES):
        return [normalized(role, given, [])]
    try:
        return [_plainly_said(each, role) for each in _plain_messages.decode(given)]
    except (msgspec.MsgspecError, RecursionError, ValueError, TypeError):
        return _any_messages(given, role)


def _plainly_said(given: _Plain, otherwise: str) -> SpanMessage:
    text = (
        given.parts[0].content
        if len(given.parts) == 1
        else "\n".join([part.content for part in given.parts])
    )
    if given.role in ROLES and len(text) <= LONGEST and "\0" not in text:
        return SpanMessage(ROLES[given.role], text, [])
    return normalized(given.role, text, [], otherwise)


def _any_messages(given: Any, role: str) -> list[SpanMessage]:  # noqa: ANN401  any JSON
    match parsed(given):
        case str() as text if text:
            return [normalized(role, text, [])]
        case [*messages]:
            return [read_message(each, role) for each in messages if isinstance(each, dict)]
        case {} as message if message:
            return [read_message(message, role)]
        case _:
            return []


def parsed(given: Any) -> Any:  # noqa: ANN401  any JSON
    """Return parsed JSON; a text that is no JSON list or object is returned unchanged."""
    if (
        not isinstance(given, str)
        or given.lstrip()[:1] not in ("[", "{")
        or is_excessive(given, MOST_VALUES)
    ):
        return given
    try:
        found = msgspec.json.decode(given)
        return without_nul(found) if "\\u0000" in given else found
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return given


def read_message(given: dict[str, Any], otherwise: str) -> SpanMessage:
    """Return a message of `parts`, or of `content` as vendors have it."""
    role = given.get("role")
    content = given["parts"] if "parts" in given else given.get("content")
    text, calls = read_parts(content) if isinstance(content, list) else (content, [])
    if isinstance(listed := given.get("tool_calls"), list):
        # LangChain lists the calls of the parts once more
        known = {id_ for call in calls if (id_ := _id_of(call)) is not None}
        calls = calls + [
            call
            for each in listed
            if isinstance(each, dict) and _id_of(call := tool_call(each)) not in known
        ]
    answers = _answers(content) if isinstance(content, list) else []
    said = normalized("tool" if answers else role, text, calls, otherwise)
    return answering(
        said, given.get("tool_call_id") or (_call_id(answers[0]) if len(answers) == 1 else None)
    )


def listed_parts(content: Any) -> list[Any] | None:  # noqa: ANN401  any JSON
    """Return the parts that a content is, or None for a text, which may itself be a JSON list."""
    found = parsed(content)
    if not isinstance(found, list) or not found:
        return None
    is_parts = all(isinstance(part, dict) and not PART_KEYS.isdisjoint(part) for part in found)
    return found if is_parts else None


def _call_id(given: dict[str, Any]) -> Any:  # noqa: ANN401  any JSON
    return given.get("id", given.get("toolCallId"))


def _id_of(call: dict[str, Any]) -> str | int | None:
    """Return a call's ID to compare; senders may put any JSON there, which no set would take."""
    given = call.get("id")
    return given if isinstance(given, str | int) else None


def _answers(parts: list[Any]) -> list[dict[str, Any]]:
    results = [_of_converse(part) for part in parts if isinstance(part, dict)]
    return [part for part in results if part.get("type") in ("tool_call_response", "tool-result")]


def _of_converse(part: dict[str, Any]) -> dict[str, Any]:
    """Return a part of Bedrock's Converse API, which Strands sends, as others are."""
    match part:
        case {"toolUse": {"toolUseId": id_, "name": name, "input": arguments}}:
            return {"type": "tool_call", "id": id_, "name": name, "arguments": arguments}
        case {"toolResult": {"toolUseId": id_, "content": [*content]}}:
            return {"type": "tool_call_response", "id": id_, "response": read_parts(content)[0]}
        case {"json": answer}:
            return {"text": as_text(answer)}
        case _:
            return part


def answering(said: SpanMessage, call_id: Any) -> SpanMessage:  # noqa: ANN401  any JSON
    if said.role == "tool" and isinstance(call_id, str) and call_id:
        said.answers = call_id.replace("\0", "")[: dialects.LONGEST_WORD]
    return said


def read_parts(parts: list[Any]) -> tuple[str, list[dict[str, Any]]]:
    texts, calls = [], []
    for given in parts:
        part = _of_converse(given) if isinstance(given, dict) else given
        match part:
            case str():
                texts.append(part)
            case {"type": "tool_call" | "tool_use" | "tool-call"}:
                calls.append(tool_call(part))
            case {"type": "tool_call_response", **rest}:
                texts.append(as_text(rest.get("response", rest.get("result"))))
            case {"type": "tool-result", "output": {"value": result}} | {
                "type": "tool-result",
                "result": result,
            }:
                texts.append(as_text(result))
            case {"type": "reasoning" | "thinking"}:
                pass  # no part of what was said
            case {"text": str() as text} | {"content": str() as text}:
                texts.append(text)
            case {"type": str() as kind}:
                texts.append(f"[{kind[:40]}]")
            case _:
                pass
    return "\n".join(texts), calls


def tool_call(given: dict[str, Any]) -> dict[str, Any]:
    inner = given.get("function")
    function = inner if isinstance(inner, dict) else given
    arguments = next(
        (function[name] for name in ("arguments", "input", "args") if name in function), None
    )
    call = {
        "id": _call_id(given),
        "name": str(function.get("name") or function.get("toolName") or "")[:200],
        "arguments": parsed(arguments),
    }
    return {name: value for name, value in call.items() if value is not None}


def as_text(given: Any) -> str:  # noqa: ANN401  any JSON
    if given is None:
        return ""
    return given if isinstance(given, str) else msgspec.json.encode(given).decode()


def normalized(
    role: object, text: object, calls: list[dict[str, Any]], otherwise: str = "user"
) -> SpanMessage:
    known = (
        ROLES.get(role) or ROLES.get(role.lower(), otherwise)
        if isinstance(role, str)
        else otherwise
    )
    words = text if isinstance(text, str) else as_text(text)
    return SpanMessage(
        known, (words.replace("\0", "") if "\0" in words else words)[:LONGEST], calls
    )
