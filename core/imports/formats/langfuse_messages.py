"""Messages in the inputs and outputs of Langfuse's observations and traces."""

from typing import Any

from core.ai_metrics.otlp import langfuse
from core.imports.cells import values
from core.imports.formats.spans import written


def messages_of(given: Any, role: str) -> Any:  # noqa: ANN401  any JSON
    """Return messages with roles; an object that is none is its only text, or JSON."""
    found = written(given)
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    if values.is_nothing(found) or (inner and all(map(values.is_nothing, inner))):
        return None
    return langfuse.messages_of(found, role)


def content_of(said: dict[str, Any]) -> str:
    content = said.get("content", said.get("parts"))
    if not isinstance(content, list):
        return values.text(content) if content is not None else ""
    parts = (
        part.get("text") or part.get("content") or "" if isinstance(part, dict) else part
        for part in content
    )
    return "\n".join(map(values.text, parts))
