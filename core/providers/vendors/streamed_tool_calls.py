"""Assemble streamed tool calls, and validate token counts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from core.platform.ids import new_id
from core.providers.chunks import MAX_TOKENS_COUNT, Chunk, ToolCallChunk
from core.providers.errors import AnswerTooLong

MAX_MODELS = 1000  # of one provider
# The gateway limits complete calls, which an answer without an end never has
MAX_CALLS = 128  # as many as a message may have
MAX_CALL_CHARS = 1_000_000  # of all calls of an answer
MAX_NAME_CHARS = 1000  # more than any tool's, so that many short parts are soon joined


@dataclass
class _CallParts:
    """What has arrived of a call."""

    index: int
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)

    def is_of_another(self, id: str | None, name: str | None) -> bool:
        """Whether a part with this ID and name begins another call.

        Gemini's and other servers give parallel calls the same index. Others give each part of one
        call an ID of its own, but not its name.
        """
        return bool(self.id and self.name and id and name and id != self.id)


class ToolCalls:
    """Collects tool calls whose name and arguments arrive in parts."""

    def __init__(self) -> None:
        self._calls: list[_CallParts] = []
        self._present: dict[int, _CallParts] = {}  # of each index
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
        call = self._present.get(index)
        if call is None or call.is_of_another(id, name):
            call = self._present[index] = _CallParts(index)
            self._calls.append(call)
        if len(self._calls) > MAX_CALLS or self._chars > MAX_CALL_CHARS:
            raise AnswerTooLong
        call.id = id or call.id
        if name and name != call.name:  # some servers repeat it with each part
            call.name = (call.name + name)[:MAX_NAME_CHARS]
        call.arguments.append(arguments or "")

    def chunks(self) -> Iterator[Chunk]:
        """Return the complete calls that have a name; missing arguments become `{}`.

        A call without an id, as some servers send it, gets one: its result must name it.
        """
        for call in sorted(self._calls, key=attrgetter("index")):
            if call.name:
                call_id = call.id or f"call_{new_id().hex}"
                yield ToolCallChunk(call_id, call.name, "".join(call.arguments) or "{}")


def tokens(value: object) -> int:
    """Return a token count up to MAX_TOKENS_COUNT; 0 for anything but an integer."""
    # Not isinstance: true is an integer in Python
    return min(max(value, 0), MAX_TOKENS_COUNT) if type(value) is int else 0
