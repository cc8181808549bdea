"""Assemble streamed tool calls, and validate token counts."""

from collections.abc import Iterator

from core.platform.ids import new_id
from core.providers.chunks import Chunk, ToolCallChunk

MAX_MODELS = 1000  # of one provider
MAX_TOKENS_COUNT = 1_000_000_000  # a column holds twice that


class ToolCalls:
    """Collects tool calls whose name and arguments arrive in parts."""

    def __init__(self) -> None:
        self._parts: dict[int, dict[str, str]] = {}

    def add(
        self,
        index: int,
        *,
        id: str | None = None,
        name: str | None = None,
        arguments: str | None = None,
    ) -> None:
        """Add the part of one call that an event contains."""
        part = self._parts.setdefault(index, {"id": "", "name": "", "arguments": ""})
        part["id"] = id or part["id"]
        part["name"] += name or ""
        part["arguments"] += arguments or ""

    def chunks(self) -> Iterator[Chunk]:
        """Return the complete calls that have a name; missing arguments become `{}`.

        A call without an id, as some servers send it, gets one: its result must name it.
        """
        for part in (
            self._parts[index] for index in sorted(self._parts) if self._parts[index]["name"]
        ):
            call_id = part["id"] or f"call_{new_id().hex}"
            yield ToolCallChunk(call_id, part["name"], part["arguments"] or "{}")


def tokens(value: object) -> int:
    """Return a token count up to MAX_TOKENS_COUNT; 0 for anything but an integer."""
    return min(max(value, 0), MAX_TOKENS_COUNT) if isinstance(value, int) else 0
