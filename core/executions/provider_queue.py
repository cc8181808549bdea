"""Calls of a provider with limits wait for their turn, in the thread that makes them."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from queue import Empty, SimpleQueue
from uuid import UUID

from core.database import bus
from core.database.db import transaction
from core.errors import Failure, Unavailable
from core.executions.answer_buffers import AnswerBuffer
from core.executions.service import provider_turns
from core.executions.service.provider_turns import Turn
from core.providers import gateway
from core.providers.errors import CallCancelled, QueueFull, QueueTimedOut
from core.providers.schemas import Route

# Hints start calls at once. What no hint tells, such as a minute that has passed, is found by
# looking: every second by the next call, less often by those behind it.
LOOK_INTERVAL_S, MAX_LOOK_INTERVAL_S = 1.0, 10.0
MAX_WAITING_HERE = 100  # of the runner's 160 threads: others' calls must find one

News = SimpleQueue[bus.Hint]
_threads = threading.BoundedSemaphore(MAX_WAITING_HERE)


@contextmanager
def turn(execution_id: UUID, route: Route, buffer: AnswerBuffer) -> Iterator[None]:
    """Wait for a turn at the route's provider, and hold it; at once when it has no limits.

    Raises QueueFull, QueueTimedOut or CallCancelled.
    """
    if not route.limits.are_set:
        yield
        return
    provider = route.connection.name
    with ExitStack() as stack:
        # Listening first, so that no hint is missed between entering the queue and waiting in it
        with _listening(provider, buffer) as news:
            with transaction() as session:
                entered = provider_turns.enter(session, provider, execution_id)
            stack.callback(_leave, provider, entered)
            if entered.position:
                _wait(provider, entered, buffer, news)
        yield


@contextmanager
def _listening(provider: str, buffer: AnswerBuffer) -> Iterator[News]:
    """Yield a queue of the hints about a provider, with an empty one when the answer changes."""
    news: News = SimpleQueue()

    def on_hint(hint: bus.Hint) -> None:
        if hint is None or hint["provider"] == provider:
            news.put(hint)

    with ExitStack() as stack:
        stack.callback(bus.subscribe(provider_turns.QUEUE, on_hint))
        stack.callback(buffer.subscribe(lambda: news.put({})))
        yield news


def _wait(provider: str, entered: Turn, buffer: AnswerBuffer, news: News) -> None:
    if not _threads.acquire(blocking=False):
        raise QueueFull
    try:
        _Waiting(provider, entered, buffer, news).wait()
    finally:
        _threads.release()
        buffer.set_queue_position(None)


def _leave(provider: str, entered: Turn) -> None:
    with suppress(Failure), transaction() as session:  # the next to look ends a turn that is lost
        provider_turns.leave(session, provider, entered.id)


class _Waiting:
    """A call that waits; its position is in the buffer."""

    def __init__(self, provider: str, entered: Turn, buffer: AnswerBuffer, news: News) -> None:
        self._provider, self._turn = provider, entered
        self._buffer, self._news = buffer, news
        self._deadline = time.monotonic() + gateway.WHOLE_CALL_TIMEOUT_S
        self._look_at = 0.0
        self._plan_look()

    def wait(self) -> None:
        """Return when it is the call's turn; raise CallCancelled or QueueTimedOut."""
        while self._turn.position:
            self._buffer.set_queue_position(self._turn.position)
            hint = self._next_hint()
            if self._buffer.outcome is not None:  # it was cancelled, or Attune stops
                raise CallCancelled
            if time.monotonic() >= self._deadline:
                raise QueueTimedOut
            self._turn = self._look() if hint is None else self._turn.after(hint)

    def _next_hint(self) -> bus.Hint:
        """Return the next hint, or None when it is time to look."""
        until = min(self._look_at, self._deadline)
        try:
            return self._news.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            return None

    def _look(self) -> Turn:
        try:
            with transaction() as session:
                return provider_turns.look(session, self._provider, self._turn.id)
        except Unavailable:
            return self._turn
        finally:
            self._plan_look()

    def _plan_look(self) -> None:
        interval_s = min(self._turn.position * LOOK_INTERVAL_S, MAX_LOOK_INTERVAL_S)
        self._look_at = time.monotonic() + interval_s
