"""Turns as training formats need them: each tool call joined with its result by generated ids.

A stored call is `{id?, name, arguments?, result?}`, or in OpenAI's or Anthropic's form. Calls of
which only the name is stored are metadata of an answer, not turns.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from core.annotations.exports.exclusions import ExclusionReason
from core.conversations.schemas import MessageSpeaker

NO_NAME = re.compile(r"[^a-zA-Z0-9_-]")
LONGEST_NAME = 64
# JSON Schema types by Python types.
TYPES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    dict: "object",
    list: "array",
}

TOLD = ("id", "arguments", "input", "result", "function")  # fields of a call in any form

Definition = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A stored message.

    A tool's text has the ID of the call that it answers, if the sender gave one.
    """

    role: str
    content: str
    calls: Sequence[Mapping[str, Any]] = ()
    answers: str | None = None


@dataclass(frozen=True, slots=True)
class CalledTool:
    """A tool call; its arguments are the JSON of an object."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class TranscriptMessage:
    """A message to or from a model; a tool's message answers a call."""

    role: str
    content: str
    calls: tuple[CalledTool, ...] = ()
    answers: CalledTool | None = None

    @property
    def is_blank(self) -> bool:
        """Whether it has no text."""
        return not self.calls and not self.content.strip()


class NotRepresentable(Exception):
    """The conversation cannot be represented in a training format."""

    def __init__(self, reason: ExclusionReason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Transcript:
    """The messages so far, and the calls without a result yet, by the sender's ids."""

    messages: list[TranscriptMessage] = field(default_factory=list)
    open_calls: list[tuple[str | None, CalledTool]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    calls: int = 0

    def add(self, turn: StoredTurn, *, is_shortened: bool) -> None:
        """Add a turn; raise NotRepresentable.

        In a shortened conversation, leading tool results belong to calls that were cut off.
        """
        if turn.role != MessageSpeaker.TOOL:
            self.check_answered()
            self.messages += [each for each in self.messages_of(turn) if not each.is_blank]
        elif self.open_calls:
            self._answer(turn)
        elif not (
            is_shortened and all(each.role == MessageSpeaker.SYSTEM for each in self.messages)
        ):
            raise NotRepresentable(ExclusionReason.TOOLS_UNASKED)

    def messages_of(self, turn: StoredTurn) -> list[TranscriptMessage]:
        """Return a turn as messages; results sent with its calls come before its text."""
        calls = [] if have_only_names(turn.calls) else turn.calls
        made = [self._call(each) for each in calls]
        results = [each for each in calls if "result" in each]
        if not results:
            self.open_calls = [
                (_word(given.get("id")), call) for given, call in zip(calls, made, strict=True)
            ]
            return [TranscriptMessage(turn.role, turn.content, tuple(made))]
        if len(results) < len(calls):
            raise NotRepresentable(ExclusionReason.TOOLS_UNANSWERED)
        told = [
            TranscriptMessage("tool", _text(given["result"]), answers=call)
            for given, call in zip(calls, made, strict=True)
        ]
        return [
            TranscriptMessage(turn.role, "", tuple(made)),
            *told,
            TranscriptMessage(turn.role, turn.content),
        ]

    def check_answered(self) -> None:
        """Raise NotRepresentable when a call has no result."""
        if self.open_calls:
            raise NotRepresentable(ExclusionReason.TOOLS_UNANSWERED)

    def _answer(self, turn: StoredTurn) -> None:
        """Match a tool's result with the call that it names, or else the first open one."""
        found = [
            number
            for number, (id_, _) in enumerate(self.open_calls)
            if None in (turn.answers, id_) or id_ == turn.answers
        ]
        if not found:
            raise NotRepresentable(ExclusionReason.TOOLS_UNASKED)
        _, call = self.open_calls.pop(found[0])
        self.messages.append(TranscriptMessage(turn.role, turn.content, answers=call))

    def _call(self, given: Mapping[str, Any]) -> CalledTool:
        inner = given.get("function")
        function = inner if isinstance(inner, Mapping) else given
        name = _word(function.get("name"))
        arguments = _arguments(function.get("arguments", function.get("input")))
        # Two names that differ only in replaced characters would become one tool
        if name is None or self.names.setdefault(openai_name(name), name) != name:
            raise NotRepresentable(ExclusionReason.CALL_UNREADABLE)
        self.calls += 1
        # Senders' IDs may be missing, repeated, or longer than OpenAI accepts
        return CalledTool(
            f"call_{self.calls}", openai_name(name), json.dumps(arguments, ensure_ascii=False)
        )


def have_only_names(calls: Sequence[Mapping[str, Any]]) -> bool:
    """Whether only the names of these calls are stored."""
    return bool(calls) and not any(call.get(key) is not None for call in calls for key in TOLD)


def openai_name(name: str) -> str:
    """Return the name of a tool in the form that OpenAI accepts."""
    return NO_NAME.sub("_", name)[:LONGEST_NAME]


def tool_definitions(given: object, spoken: Sequence[TranscriptMessage]) -> list[Definition]:
    """Return the tools: those that the conversation's sender defined, and others that were called.

    For the latter, only the name, and names and types of arguments are known.
    """
    brought = given if isinstance(given, list) else []
    found = {
        each["function"]["name"]: each for each in map(_definition, brought) if each is not None
    }
    seen: dict[str, dict[str, Any]] = {}
    for call in (call for each in spoken for call in each.calls if call.name not in found):
        seen.setdefault(call.name, {}).update(json.loads(call.arguments))
    return [*found.values(), *(_guessed(name, arguments) for name, arguments in seen.items())]


def _definition(given: object) -> Definition | None:
    """Return a definition in OpenAI's form, from that, its older form, or Anthropic's."""
    if not isinstance(given, Mapping):
        return None
    inner = given.get("function")
    function = inner if isinstance(inner, Mapping) else given
    name = _word(function.get("name"))
    if name is None:
        return None
    parameters = function.get("parameters", function.get("input_schema"))
    told = {
        "name": openai_name(name),
        "description": function.get("description"),
        "parameters": parameters,
    }
    kinds = {"name": str, "description": str, "parameters": dict}
    return {
        "type": "function",
        "function": {key: told[key] for key, kind in kinds.items() if isinstance(told[key], kind)},
    }


def _guessed(name: str, arguments: Mapping[str, Any]) -> Definition:
    known = {
        key: {"type": TYPES[type(value)]} if type(value) in TYPES else {}
        for key, value in arguments.items()
    }
    return {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": known}},
    }


def _arguments(given: object) -> dict[str, Any]:
    """Return arguments, which are an object, its JSON text, or an empty text."""
    try:
        found = msgspec.json.decode(given or "{}") if isinstance(given, str) else given
    # msgspec raises RecursionError for JSON that is nested too deep
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        found = None
    if not isinstance(found, dict):
        raise NotRepresentable(ExclusionReason.CALL_UNREADABLE)
    return found


def _word(given: object) -> str | None:
    return str(given) if isinstance(given, str | int) and str(given).strip() else None


def _text(given: object) -> str:
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
