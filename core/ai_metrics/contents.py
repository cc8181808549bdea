"""The messages that a span has captured, in whichever of their many forms, as role, text and calls of tools.

A message's name is a hash of what was said up to it: the whole history comes with each request, and its longest known prefix is
what has these names already. System messages stand aside, each text once, for many senders write the time of day into them.
"""

from hashlib import blake2b
from typing import Any

import msgspec

from core.ai_metrics import dialects
from core.ai_metrics.dialects import first
from core.ai_metrics.spans import Attributes, Span
from core.ingest.bodies import without_nul
from core.ingest.json_limits import is_excessive

LONGEST = 1_000_000
MOST_VALUES = 20_000  # of JSON in a text: each message becomes a row
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
EVENTS = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
    "gen_ai.choice": "assistant",
}


class Said(msgspec.Struct):
    """One message. Calls of tools are `{id?, name, arguments?}`; a tool's `answers` is the id of the call that it answers."""

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


class Exchange(msgspec.Struct):
    """What a model was given, and what it answered."""

    asked: list[Said]
    answered: list[Said]
    found_names: tuple[list[str], list[str]] | None = None

    @property
    def names(self) -> tuple[list[str], list[str]]:
        """The names of what was asked, and of the answers, each of which follows what was asked."""
        if self.found_names is None:
            self.found_names = names_of(self)
        return self.found_names


def exchange_of(span: Span) -> Exchange | None:
    """Return what a span has captured, or None when it holds no text."""
    return _of_attributes(span.attributes) or _of_events(span)


def names_of(exchange: Exchange) -> tuple[list[str], list[str]]:
    """Return the names of what was asked, and of the answers, each of which follows what was asked."""
    asked, before = [], b""
    for said in exchange.asked:
        if said.role == "system":
            asked.append(_hash(b"system", said).hex())
        else:
            before = _hash(before, said)
            asked.append(before.hex())
    return asked, [_hash(before, said).hex() for said in exchange.answered]


def is_content(name: str) -> bool:
    """Whether an attribute is part of a message."""
    return name.startswith(dialects.FLAT) and name not in dialects.NO_FLAT


def _hash(before: bytes, said: Said) -> bytes:
    # Some senders strip what they send back, and write arguments anew: names of tools are what is sure.
    tools = ",".join([str(call.get("name")) for call in said.tool_calls]) if said.tool_calls else ""
    told = f"{said.role}\0{said.text.strip()}\0{tools}".encode(errors="replace")
    return blake2b(told, key=before, digest_size=16).digest()


def _of_attributes(attributes: Attributes) -> Exchange | None:
    asked = _messages(first(attributes, dialects.INPUT), "user")
    answered = _messages(first(attributes, dialects.OUTPUT), "assistant")
    if not asked and not answered:
        asked, answered = _of_flat(attributes)
    if not asked:
        asked = _plain(attributes, dialects.INPUT_VALUE, "user")
    if not answered:
        answered = _plain(attributes, dialects.OUTPUT_VALUE, "assistant")
    if not asked and not answered:
        return None
    return Exchange(_system(attributes) + asked, answered)


def _system(attributes: Attributes) -> list[Said]:
    given = parsed(first(attributes, dialects.SYSTEM))
    text, _ = _read_parts(given) if isinstance(given, list) else (given, [])
    return [_said("system", text, [])] if isinstance(text, str) and text else []


def _plain(attributes: Attributes, names: tuple[str, ...], role: str) -> list[Said]:
    """Return the value of OpenInference, which is either a text or the raw body of a call."""
    given = parsed(first(attributes, names))
    match given:
        case {"messages": [*messages]}:
            return [_message(each, role) for each in messages if isinstance(each, dict)]
        case str() if given:
            return [_said(role, given, [])]
        case _:
            return []


def _messages(given: Any, role: str) -> list[Said]:  # noqa: ANN401  any JSON
    if given is None:
        return []
    if isinstance(given, str) and is_excessive(given, MOST_VALUES):
        return [_said(role, given, [])]
    try:
        return [_plainly_said(each, role) for each in _plain_messages.decode(given)]
    except (msgspec.MsgspecError, RecursionError, ValueError, TypeError):
        return _any_messages(given, role)


def _plainly_said(given: _Plain, otherwise: str) -> Said:
    text = given.parts[0].content if len(given.parts) == 1 else "\n".join([part.content for part in given.parts])
    if given.role in ROLES and len(text) <= LONGEST and "\0" not in text:
        return Said(ROLES[given.role], text, [])
    return _said(given.role, text, [], otherwise)


def _any_messages(given: Any, role: str) -> list[Said]:  # noqa: ANN401  any JSON
    match parsed(given):
        case str() as text if text:
            return [_said(role, text, [])]
        case [*messages]:
            return [_message(each, role) for each in messages if isinstance(each, dict)]
        case {} as message if message:
            return [_message(message, role)]
        case _:
            return []


def parsed(given: Any) -> Any:  # noqa: ANN401  any JSON
    """Return JSON that came as text; a text that is no JSON of lists and objects is itself."""
    if not isinstance(given, str) or given.lstrip()[:1] not in ("[", "{") or is_excessive(given, MOST_VALUES):
        return given
    try:
        found = msgspec.json.decode(given)
        return without_nul(found) if "\\u0000" in given else found
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return given


def _message(given: dict[str, Any], otherwise: str) -> Said:
    """Return a message of `parts`, or of `content` as vendors have it."""
    role = given.get("role")
    content = given["parts"] if "parts" in given else given.get("content")
    text, calls = _read_parts(content) if isinstance(content, list) else (content, [])
    if isinstance(listed := given.get("tool_calls"), list):
        known = {call["id"] for call in calls if "id" in call}  # LangChain lists the calls of the parts once more
        calls = calls + [call for each in listed if isinstance(each, dict) and (call := _call(each)).get("id") not in known]
    answers = _answers(content) if isinstance(content, list) else []
    said = _said("tool" if answers else role, text, calls, otherwise)
    return _answering(said, given.get("tool_call_id") or (answers[0].get("id") if len(answers) == 1 else None))


def _answers(parts: list[Any]) -> list[dict[str, Any]]:
    return [part for part in parts if isinstance(part, dict) and part.get("type") == "tool_call_response"]


def _answering(said: Said, call_id: Any) -> Said:  # noqa: ANN401  any JSON
    if said.role == "tool" and isinstance(call_id, str) and call_id:
        said.answers = call_id.replace("\0", "")[: dialects.LONGEST_WORD]
    return said


def _read_parts(parts: list[Any]) -> tuple[str, list[dict[str, Any]]]:
    texts, calls = [], []
    for part in parts:
        match part:
            case str():
                texts.append(part)
            case {"type": "tool_call" | "tool_use"}:
                calls.append(_call(part))
            case {"type": "tool_call_response", **rest}:
                texts.append(_text(rest.get("response", rest.get("result"))))
            case {"type": "reasoning" | "thinking"}:
                pass  # no part of what was said
            case {"text": str() as text} | {"content": str() as text}:
                texts.append(text)
            case {"type": str() as kind}:
                texts.append(f"[{kind[:40]}]")
            case _:
                pass
    return "\n".join(texts), calls


def _call(given: dict[str, Any]) -> dict[str, Any]:
    inner = given.get("function")
    function = inner if isinstance(inner, dict) else given
    arguments = next((function[name] for name in ("arguments", "input", "args") if name in function), None)
    call = {"id": given.get("id"), "name": str(function.get("name") or "")[:200], "arguments": parsed(arguments)}
    return {name: value for name, value in call.items() if value is not None}


def _text(given: Any) -> str:  # noqa: ANN401  any JSON
    if given is None:
        return ""
    return given if isinstance(given, str) else msgspec.json.encode(given).decode()


def _said(role: object, text: object, calls: list[dict[str, Any]], otherwise: str = "user") -> Said:
    known = ROLES.get(role) or ROLES.get(role.lower(), otherwise) if isinstance(role, str) else otherwise
    words = text if isinstance(text, str) else _text(text)
    return Said(known, (words.replace("\0", "") if "\0" in words else words)[:LONGEST], calls)


# One attribute a part: `llm.input_messages.0.message.role`, `gen_ai.completion.0.content`.


def _of_flat(attributes: Attributes) -> tuple[list[Said], list[Said]]:
    spread = {name: value for name, value in attributes.items() if is_content(name)}
    if not spread:
        return [], []
    return _gathered(spread, dialects.FLAT_INPUT, "user"), _gathered(spread, dialects.FLAT_OUTPUT, "assistant")


def _gathered(spread: Attributes, prefixes: tuple[str, ...], role: str) -> list[Said]:
    messages: dict[int, Attributes] = {}
    for name, value in spread.items():
        prefix = next((prefix for prefix in prefixes if name.startswith(prefix)), None)
        if prefix is None:
            continue
        number, _, path = name[len(prefix) :].partition(".")
        if number.isdecimal() and len(number) < 6:
            messages.setdefault(int(number), {})[path.removeprefix("message.")] = value
    return [_flat_message(messages[number], role) for number in sorted(messages)]


def _flat_message(parts: Attributes, otherwise: str) -> Said:
    content = parts.get("content")
    if content is None:
        texts = [name for name in parts if name.startswith("contents.") and name.endswith("message_content.text")]
        content = "\n".join(str(parts[name]) for name in sorted(texts, key=_number))
    elif isinstance(listed := parsed(content), list):
        content, _ = _read_parts(listed)
    return _answering(_said(parts.get("role"), content, _flat_calls(parts), otherwise), parts.get("tool_call_id"))


def _flat_calls(parts: Attributes) -> list[dict[str, Any]]:
    calls: dict[int, Attributes] = {}
    for name, value in parts.items():
        if name.startswith("tool_calls."):
            calls.setdefault(_number(name), {})[name.rpartition(".")[2]] = value
    return [_call(calls[number]) for number in sorted(calls)]


def _number(name: str) -> int:
    number = name.split(".")[1]
    return int(number) if number.isdecimal() and len(number) < 6 else 0


# Events of a span: the newest hold the same attributes, the oldest one message each.


def _of_events(span: Span) -> Exchange | None:
    asked: list[Said] = []
    answered: list[Said] = []
    for event in span.events:
        if (found := _of_attributes(event.attributes)) is not None:
            asked += found.asked
            answered += found.answered
        elif (role := EVENTS.get(event.name)) is not None:
            given = parsed(event.attributes.get("gen_ai.event.content")) or event.attributes
            said = _event_message(given, role)
            (answered if event.name == "gen_ai.choice" else asked).append(said)
    return Exchange(asked, answered) if asked or answered else None


def _event_message(given: Any, role: str) -> Said:  # noqa: ANN401  any JSON
    if not isinstance(given, dict):
        return _said(role, given, [])
    inner = parsed(given.get("message"))
    return _message({"role": role, **(inner if isinstance(inner, dict) else given)}, role)
