"""Messages in the inputs and outputs of Langfuse's observations and traces."""

from typing import Any

from core.imports.cells import values
from core.imports.formats.spans import written


def messages_of(given: Any, role: str) -> Any:  # noqa: ANN401  any JSON
    """Return messages with roles; an object that is none is its only text, or JSON."""
    found = written(given)
    match found:
        case _ if values.is_nothing(found):
            return None
        case dict() | list() if all(
            map(values.is_nothing, found.values() if isinstance(found, dict) else found)
        ):
            return None
        case {"messages": [*messages]} if all(isinstance(each, dict) for each in messages):
            return messages
        case {"choices": [*choices]} if all(isinstance(each, dict) for each in choices) and all(
            isinstance(each.get("message", each), dict) for each in choices
        ):
            return [each.get("message", each) for each in choices]
        case {"role": _} | {"content": _} | {"parts": _}:
            return [{"role": role, **found}]
        case dict() if len(found) == 1 and isinstance(only := next(iter(found.values())), str):
            return [{"role": role, "content": only}]
        case [*messages] if all(
            isinstance(each, dict) and ("role" in each or "content" in each) for each in messages
        ):
            return messages
        case _:
            return [{"role": role, "content": values.text(found)}]


def content_of(said: dict[str, Any]) -> str:
    content = said.get("content", said.get("parts"))
    if not isinstance(content, list):
        return values.text(content) if content is not None else ""
    parts = (
        part.get("text") or part.get("content") or "" if isinstance(part, dict) else part
        for part in content
    )
    return "\n".join(map(values.text, parts))
