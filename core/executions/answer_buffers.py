"""Answers in progress: one buffer per answer, in the process that makes the call."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, count
from uuid import UUID

from core.executions.schemas import CallOutcome, ExecutionStatus, ToolExecution
from core.network.cancellation import CancelToken
from core.providers.chunks import Chunk, EndChunk, TextChunk, ToolCallChunk, Usage, UsageChunk

Waker = Callable[[], None]
MAX_ID_CHARS = 200


@dataclass(frozen=True)
class ToolChange:
    """A new state of a tool call, after this many characters of text."""

    position: int
    call: ToolExecution


@dataclass(frozen=True)
class BufferSnapshot:
    """The text after a position, the buffer's length, the status of the call, all changes of its
    tool calls, and where it waits in its provider's queue.
    """

    text: str
    end: int
    status: ExecutionStatus
    tool_changes: tuple[ToolChange, ...] = ()
    queue_position: int | None = None


class AnswerBuffer:
    """The text of one answer while it arrives; one thread writes it, any thread may read it."""

    def __init__(self, execution_id: UUID) -> None:
        self.id = execution_id
        self.cancel_token = CancelToken()
        self.status = ExecutionStatus.PENDING
        self.outcome: CallOutcome | None = None
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self.tools: list[ToolExecution] = []
        self._tool_changes: list[ToolChange] = []
        self.queue_position: int | None = None  # 1 is the next; None while it does not wait
        self._text_parts: list[str] = []
        self._length = 0
        self._lock = threading.Lock()
        self._wakers: set[Waker] = set()

    @property
    def text(self) -> str:
        """The text so far."""
        with self._lock:
            return self._joined()

    @property
    def length(self) -> int:
        """The number of characters so far."""
        return self._length

    def add(self, chunk: Chunk) -> None:
        """Add a chunk of the stream and wake the subscribers."""
        with self._lock:
            match chunk:
                case TextChunk(text):
                    self._text_parts.append(text)
                    self._length += len(text)
                case ToolCallChunk(id_, name, arguments):
                    self._add_tool(id_, name, arguments)
                case UsageChunk(usage):
                    self.usage = usage
                case EndChunk(reason):
                    self.finish_reason = reason
            subscribers = list(self._wakers)
        # Outside the lock, because a waker may read the buffer
        for wake in subscribers:
            wake()

    def change_tool(self, number: int, call: ToolExecution) -> None:
        """Replace a tool call by its new state, and wake the subscribers."""
        with self._lock:
            self.tools[number] = call
            self._tool_changes.append(ToolChange(self._length, call))
            subscribers = list(self._wakers)
        for wake in subscribers:
            wake()

    def set_queue_position(self, position: int | None) -> None:
        """Set where the call waits in its provider's queue, and wake the subscribers."""
        with self._lock:
            has_changed = self.queue_position != position
            self.queue_position = position
            subscribers = list(self._wakers) if has_changed else []
        for wake in subscribers:
            wake()

    def _add_tool(self, id_: str, name: str, arguments: str) -> None:
        # Results are matched to calls by ID, and not every server makes them unique.
        taken = {call.id for call in self.tools} | {""}
        wanted = id_[:MAX_ID_CHARS]
        numbered = (f"{wanted or 'call'}_{number}" for number in count(len(taken)))
        unique = next(each for each in chain([wanted], numbered) if each not in taken)
        self.tools.append(ToolExecution(id=unique, name=name, arguments=arguments))
        self._tool_changes.append(ToolChange(self._length, self.tools[-1]))

    def end(self, outcome: CallOutcome) -> None:
        """Set the outcome, after it was stored; only the first call has an effect."""
        with self._lock:
            if self.outcome is not None:
                return
            self.outcome, self.status = outcome, outcome.status
            wakers = list(self._wakers)
        for wake in wakers:
            wake()

    def since(self, position: int) -> BufferSnapshot:
        """Return the text after a position, in characters."""
        with self._lock:
            return BufferSnapshot(
                self._joined()[position:],
                self._length,
                self.status,
                tuple(self._tool_changes),
                self.queue_position,
            )

    def subscribe(self, wake: Waker) -> Callable[[], None]:
        """Call `wake`, which must be quick, on every change; return how to unsubscribe."""
        with self._lock:
            self._wakers.add(wake)

        def unsubscribe() -> None:
            with self._lock:
                self._wakers.discard(wake)

        return unsubscribe

    def _joined(self) -> str:
        # The joined text is stored: a hundred readers of a long answer must not join it a hundred
        # times.
        if len(self._text_parts) > 1:
            self._text_parts = ["".join(self._text_parts)]
        return self._text_parts[0] if self._text_parts else ""


class CrossThreadEvent:
    """Sets an asyncio event from any thread, at most once until it was awaited."""

    def __init__(self) -> None:
        """Use the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._is_ringing = False

    def ring(self) -> None:
        """Wake the waiting coroutine; cheap when it was rung already."""
        if self._is_ringing:
            return
        self._is_ringing = True
        with suppress(RuntimeError):  # the loop is closed: nothing waits any more
            self._loop.call_soon_threadsafe(self._event.set)

    async def heard(self, timeout_s: float | None = None) -> bool:
        """Wait until rung; return False after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        except TimeoutError:
            return False
        # A ring up to here is answered by what the caller reads next
        self._event.clear()
        self._is_ringing = False
        return True
