"""The messages that a span has captured, in whichever of their many forms, as role, text and calls
of tools.

A message's name is a hash of what was said up to it: the whole history comes with each request, and
its longest known prefix is what has these names already. System messages stand aside, each text
once, for many senders write the time of day into them.
"""

from hashlib import blake2b
from typing import Any

import msgspec

from core.ai_metrics.otlp import dialects
from core.ai_metrics.otlp.dialects import first
from core.ai_metrics.otlp.span_messages import (
    SpanMessage,
    answering,
    listed_parts,
    normalized,
    parsed,
    read_message,
    read_messages,
    read_parts,
    tool_call,
)
from core.ai_metrics.otlp.spans import Attributes, Span

EVENTS = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
    "gen_ai.choice": "assistant",
}


class Exchange(msgspec.Struct):
    """A model's input and output messages."""

    asked: list[SpanMessage]
    answered: list[SpanMessage]
    found_names: tuple[list[str], list[str]] | None = None

    @property
    def names(self) -> tuple[list[str], list[str]]:
        """The attribute names of prompts, and those of the answers that follow them."""
        if self.found_names is None:
            self.found_names = names_of(self)
        return self.found_names


def exchange_of(span: Span) -> Exchange | None:
    """Return a span's captured messages, or None without text."""
    return _of_attributes(span.attributes) or _of_events(span)


def names_of(exchange: Exchange) -> tuple[list[str], list[str]]:
    """Return the attribute names of prompts, and those of the answers that follow them."""
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
    return name.startswith(dialects.SPREAD) and name not in dialects.NO_FLAT


def _hash(before: bytes, said: SpanMessage) -> bytes:
    # Some senders strip what they send back, and write arguments anew: names of tools are what is
    # sure.
    tools = ",".join([str(call.get("name")) for call in said.tool_calls]) if said.tool_calls else ""
    told = f"{said.role}\0{said.text.strip()}\0{tools}".encode(errors="replace")
    return blake2b(told, key=before, digest_size=16).digest()


def _of_attributes(attributes: Attributes) -> Exchange | None:
    asked = read_messages(first(attributes, dialects.INPUT), "user")
    answered = read_messages(first(attributes, dialects.OUTPUT), "assistant")
    if not any(said.text or said.tool_calls for said in answered):
        # LiteLLM has a message without the tool calls, which stand apart
        flat_asked, flat_answered = _of_flat(attributes)
        asked, answered = asked or flat_asked, flat_answered or answered
    if not asked:
        asked = _prompts(attributes) or _plain(attributes, dialects.INPUT_VALUE, "user")
    if not answered:
        answered = _plain(attributes, dialects.OUTPUT_VALUE, "assistant")
    if not asked and not answered:
        return None
    return Exchange(_system(attributes) + asked, answered)


def _system(attributes: Attributes) -> list[SpanMessage]:
    given = parsed(first(attributes, dialects.SYSTEM))
    text, _ = read_parts(given) if isinstance(given, list) else (given, [])
    return [normalized("system", text, [])] if isinstance(text, str) and text else []


def _prompts(attributes: Attributes) -> list[SpanMessage]:
    given = parsed(first(attributes, dialects.PROMPTS))
    texts = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    return [normalized("user", text, []) for text in texts if isinstance(text, str)]


def _plain(attributes: Attributes, names: tuple[str, ...], role: str) -> list[SpanMessage]:
    """Return the value of OpenInference, which is either a text or the raw body of a call."""
    given = parsed(first(attributes, names))
    match given:
        case {"messages": [*messages]}:
            return [read_message(each, role) for each in messages if isinstance(each, dict)]
        case str() if given:
            return [normalized(role, given, [])]
        case _:
            return []


# One attribute a part: `llm.input_messages.0.message.role`, `gen_ai.completion.0.content`.


def _of_flat(attributes: Attributes) -> tuple[list[SpanMessage], list[SpanMessage]]:
    spread = {name: value for name, value in attributes.items() if is_content(name)}
    if not spread:
        return [], []
    return _gathered(spread, dialects.FLAT_INPUT, "user"), _gathered(
        spread, dialects.FLAT_OUTPUT, "assistant"
    )


def _gathered(spread: Attributes, prefixes: tuple[str, ...], role: str) -> list[SpanMessage]:
    messages: dict[int, Attributes] = {}
    for name, value in spread.items():
        prefix = next((prefix for prefix in prefixes if name.startswith(prefix)), None)
        if prefix is None:
            continue
        number, _, path = name[len(prefix) :].partition(".")
        if number.isdecimal() and len(number) < 6:
            messages.setdefault(int(number), {})[path.removeprefix("message.")] = value
    return [_flat_message(messages[number], role) for number in sorted(messages)]


def _flat_message(parts: Attributes, otherwise: str) -> SpanMessage:
    content = parts.get("content")
    if content is None:
        texts = [
            name
            for name in parts
            if name.startswith("contents.") and name.endswith("message_content.text")
        ]
        content = "\n".join(str(parts[name]) for name in sorted(texts, key=_number))
    elif (listed := listed_parts(content)) is not None:
        content, _ = read_parts(listed)
    return answering(
        normalized(parts.get("role"), content, _flat_calls(parts), otherwise),
        parts.get("tool_call_id"),
    )


def _flat_calls(parts: Attributes) -> list[dict[str, Any]]:
    calls: dict[int, Attributes] = {}
    for name, value in parts.items():
        if name.startswith("tool_calls."):
            calls.setdefault(_number(name), {})[name.rpartition(".")[2]] = value
        elif name.startswith("function_call."):  # of LiteLLM, one at most
            calls.setdefault(0, {})[name.rpartition(".")[2]] = value
    return [tool_call(calls[number]) for number in sorted(calls)]


def _number(name: str) -> int:
    # Senders choose names, and int() refuses thousands of digits
    number = name.split(".")[1]
    return int(number) if number.isdecimal() and len(number) < 6 else 0


# Events of a span: the newest hold the same attributes, the oldest one message each.


def _of_events(span: Span) -> Exchange | None:
    asked: list[SpanMessage] = []
    answered: list[SpanMessage] = []
    for event in span.events:
        if (found := _of_attributes(event.attributes)) is not None:
            asked += found.asked
            answered += found.answered
        elif system := _system(event.attributes):
            asked += system
        elif (role := EVENTS.get(event.name)) is not None:
            given = parsed(event.attributes.get("gen_ai.event.content")) or event.attributes
            said = _event_message(given, role)
            (answered if event.name == "gen_ai.choice" else asked).append(said)
    return Exchange(asked, answered) if asked or answered else None


def _event_message(given: Any, role: str) -> SpanMessage:  # noqa: ANN401  any JSON
    if not isinstance(given, dict):
        return normalized(role, given, [])
    message = given.get("message")
    inner = parsed(message)
    said = inner if isinstance(inner, dict) else given if message is None else {"content": message}
    content = said.get("content")
    return read_message({"role": role, **said, "content": listed_parts(content) or content}, role)
