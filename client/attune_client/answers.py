"""The answers of an own app: what it is asked, and what it may return."""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from attune_client.rows import error_words

MAX_ERROR_CHARS = 2000
MAX_ANSWER_CHARS = 200_000
MAX_ANSWER_BYTES = 900_000  # with its tool calls
MAX_LEVELS = 64  # of a tool's arguments
MAX_NAME_CHARS, MOST_TOOL_CALLS = 128, 200
MAX_MS, MAX_USD = 86_400_000, 10**6


@dataclass(frozen=True)
class Case:
    """What an app is asked: `input` is the last message of the user, `messages` has all of them as
    `{"role", "content"}`, `context` what was known. `run` counts the runs of the same case.
    """

    input: str
    messages: Sequence[Mapping[str, str]]
    context: Mapping[str, Any]
    tags: Sequence[str]
    position: int
    run: int


@dataclass(frozen=True)
class Answer:
    """What an app answers: a text, the tools that it has called as `{"name", "arguments"}`, and
    what that cost. Its time is measured, unless it says another.
    """

    text: str | None
    tool_calls: Sequence[Mapping[str, Any]] | None = ()
    cost_usd: float | None = None
    latency_ms: int | None = None


AnswerCase: TypeAlias = Callable[[Case], "str | Answer"]


def answered(answer: AnswerCase, item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to a run as it is sent, or the error of the app."""
    asked = [it["content"] for it in item["messages"] if it["role"] == "user"]
    case = Case(
        input=asked[-1] if asked else item["messages"][-1]["content"],
        messages=[{"role": it["role"], "content": it["content"]} for it in item["messages"]],
        context=item["context"] or {},
        tags=item["tags"],
        position=item["position"],
        run=item["run"],
    )
    began = time.perf_counter()
    try:
        found = answer(case)
        took_ms = _ms_since(began)
        return {"id": item["id"], **_fields(found, took_ms)}
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever the app raises is its answer
        words = _utf8(error_words(error))[:MAX_ERROR_CHARS]
        return {"id": item["id"], "error": words, "latency_ms": _ms_since(began)}


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _ms_since(began: float) -> int:
    return min(MAX_MS, round((time.perf_counter() - began) * 1000))


def _fields(found: object, took_ms: int) -> dict[str, Any]:
    """Return an answer's fields; raise TypeError or ValueError for what can't be sent."""
    answer = Answer(found) if isinstance(found, str) else found
    if not isinstance(answer, Answer):
        raise TypeError(f"the app returned {type(found).__name__}, not a text or an Answer")
    text = "" if answer.text is None and answer.tool_calls else answer.text
    if not isinstance(text, str):
        raise TypeError(f"the text of the app's Answer is {type(text).__name__}")
    if len(text) > MAX_ANSWER_CHARS:
        raise ValueError(f"the answer is longer than {MAX_ANSWER_CHARS:,} characters")
    fields: dict[str, Any] = {
        "text": _utf8(text),
        "tool_calls": [_tool_call(each) for each in answer.tool_calls or ()][:MOST_TOOL_CALLS],
        "latency_ms": took_ms if answer.latency_ms is None else round(answer.latency_ms),
    }
    if not 0 <= fields["latency_ms"] <= MAX_MS:
        raise ValueError(f"a time of {answer.latency_ms} ms")
    if answer.cost_usd is not None:
        if not 0 <= answer.cost_usd < MAX_USD:
            raise ValueError(f"a cost of {answer.cost_usd} US dollars")
        fields["cost_usd"] = f"{answer.cost_usd:.8f}"
    if len(json.dumps(fields, ensure_ascii=False, allow_nan=False).encode()) > MAX_ANSWER_BYTES:
        raise ValueError(
            f"the answer with its tool calls is longer than {MAX_ANSWER_BYTES:,} bytes"
        )
    if any(_is_too_deep(call["arguments"]) for call in fields["tool_calls"]):
        raise ValueError(f"arguments of a tool are nested deeper than {MAX_LEVELS} levels")
    return fields


def _tool_call(call: Mapping[str, Any]) -> dict[str, Any]:
    name = str(call["name"])[:MAX_NAME_CHARS] or "unnamed"
    return {"name": name, "arguments": dict(call.get("arguments") or {})}


def _is_too_deep(arguments: object) -> bool:
    values = [arguments]
    for _ in range(MAX_LEVELS):
        values = [inner for value in values for inner in _inner(value)]
    return bool(values)


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, (list, tuple)) else ()
