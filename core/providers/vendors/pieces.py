"""Assemble what vendors stream in pieces, and check their numbers."""

from collections.abc import Iterator

from core.providers.chunks import Chunk, ToolCallChunk

MOST_MODELS = 1000  # that a provider may list
MOST_TOKENS = 1_000_000_000  # twice that is the largest number that a column holds


class ToolCalls:
    """Tool calls arrive in pieces: the name first, the arguments by and by."""

    def __init__(self) -> None:
        """Nothing has arrived."""
        self._parts: dict[int, dict[str, str]] = {}

    def add(self, index: int, *, id: str | None = None, name: str | None = None, arguments: str | None = None) -> None:
        """Take what one part of the stream brings of one call."""
        part = self._parts.setdefault(index, {"id": "", "name": "", "arguments": ""})
        part["id"] = id or part["id"]
        part["name"] += name or ""
        part["arguments"] += arguments or ""

    def chunks(self) -> Iterator[Chunk]:
        """Return the calls of tools that have a name, whole; without arguments they have none."""
        for part in (self._parts[index] for index in sorted(self._parts) if self._parts[index]["name"]):
            yield ToolCallChunk(part["id"], part["name"], part["arguments"] or "{}")


def tokens(counted: object) -> int:
    """Return a number of tokens, 0 for what is none: servers that speak a vendor's protocol leave out what they like."""
    return min(max(counted, 0), MOST_TOKENS) if isinstance(counted, int) else 0
