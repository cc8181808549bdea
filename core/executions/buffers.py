"""Answers in progress: one buffer per answer, in the process that runs it."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from core.executions.schemas import CallOutcome, ExecutionStatus, ToolExecution
from core.network.cancellation import Cutter
from core.providers.chunks import Chunk, EndChunk, TextChunk, ToolCallChunk, Usage, UsageChunk

Waker = Callable[[], None]


@dataclass(frozen=True)
class BufferSnapshot:
    """What a reader finds: the text beyond a position, and whether that is all."""

    text: str
    end: int
    status: ExecutionStatus


class AnswerBuffer:
    """The text of one answer as it grows. Written by one thread, read by any."""

    def __init__(self, execution_id: UUID) -> None:
        """Begin empty and pending."""
        self.id = execution_id
        self.cutter = Cutter()
        self.status = ExecutionStatus.PENDING
        self.outcome: CallOutcome | None = None
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self.tools: list[ToolExecution] = []
        self._parts: list[str] = []
        self._length = 0
        self._lock = threading.Lock()
        self._wakers: set[Waker] = set()

    @property
    def text(self) -> str:
        """All text so far."""
        with self._lock:
            return self._joined()

    @property
    def length(self) -> int:
        """How many characters there are so far."""
        return self._length

    def add(self, chunk: Chunk) -> None:
        """Take a chunk of the stream and wake who waits for it."""
        with self._lock:
            match chunk:
                case TextChunk(text):
                    self._parts.append(text)
                    self._length += len(text)
                case ToolCallChunk(id_, name, arguments):
                    self.tools.append(ToolExecution(id=id_, name=name, arguments=arguments))
                case UsageChunk(usage):
                    self.usage = usage
                case EndChunk(reason):
                    self.finish_reason = reason
            wakers = list(self._wakers)
        for wake in wakers:
            wake()

    def end(self, outcome: CallOutcome) -> None:
        """Say how it ended, after that was stored; a second ending has no effect."""
        with self._lock:
            if self.outcome is not None:
                return
            self.outcome, self.status = outcome, outcome.status
            wakers = list(self._wakers)
        for wake in wakers:
            wake()

    def since(self, position: int) -> BufferSnapshot:
        """Return the text beyond a position."""
        with self._lock:
            return BufferSnapshot(self._joined()[position:], self._length, self.status)

    def subscribe(self, wake: Waker) -> Callable[[], None]:
        """Call `wake` on every change, from the writing thread: it must be quick. Return how to end that."""
        with self._lock:
            self._wakers.add(wake)

        def unsubscribe() -> None:
            with self._lock:
                self._wakers.discard(wake)

        return unsubscribe

    def _joined(self) -> str:
        # Joined once for all who read: a hundred readers of a long answer must not join it a hundred times.
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""


class Bell:
    """Rings an asyncio event from any thread, at most once until it was heard."""

    def __init__(self) -> None:
        """Belong to the running loop."""
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._is_ringing = False

    def ring(self) -> None:
        """Wake the coroutine that waits; cheap when it was rung already."""
        if self._is_ringing:
            return
        self._is_ringing = True
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._event.set)

    async def heard(self, timeout_s: float | None = None) -> bool:
        """Wait until rung; return whether it was, within the time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        self._is_ringing = False
        return True
