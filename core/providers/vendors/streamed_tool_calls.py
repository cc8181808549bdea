"""Assemble streamed tool calls, and validate token counts."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from core.platform.ids import new_id
from core.providers.chunks import MAX_TOKENS_COUNT, Chunk, ToolCallChunk
from core.providers.errors import AnswerTooLong

MAX_MODELS = 1000  # of one provider
# The gateway limits complete calls, which an answer without an end never has
MAX_CALLS = 128  # as many as a message may have
MAX_CALL_CHARS = 1_000_000  # of all calls of an answer


@dataclass
class _CallParts:
    """What has arrived of a call."""

    id: str = ""
    names: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)


class ToolCalls:
    """Collects tool calls whose name and arguments arrive in parts."""

    def __init__(self) -> None:
        self._parts: dict[int, _CallParts] = {}
        self._chars = 0

    def add(
        self,
        index: int,
        *,
        id: str | None = None,
        name: str | None = None,
        arguments: str | None = None,
    ) -> None:
        """Add the part of one call that an event contains; raise AnswerTooLong."""
        # IDs count too: a server could send one of up to 64 MiB, which each page would show
        self._chars += len(id or "") + len(name or "") + len(arguments or "")
        part = self._parts.setdefault(index, _CallParts())
        if len(self._parts) > MAX_CALLS or self._chars > MAX_CALL_CHARS:
            raise AnswerTooLong
        part.id = id or part.id
        part.names.append(name or "")
        part.arguments.append(arguments or "")

    def chunks(self) -> Iterator[Chunk]:
        """Return the complete calls that have a name; missing arguments become `{}`.

        A call without an id, as some servers send it, gets one: its result must name it.
        """
        for _, part in sorted(self._parts.items(), key=lambda item: item[0]):
            if name := "".join(part.names):
                call_id = part.id or f"call_{new_id().hex}"
                yield ToolCallChunk(call_id, name, "".join(part.arguments) or "{}")


def tokens(value: object) -> int:
    """Return a token count up to MAX_TOKENS_COUNT; 0 for anything but an integer."""
    return min(max(value, 0), MAX_TOKENS_COUNT) if isinstance(value, int) else 0
