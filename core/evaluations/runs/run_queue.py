"""Claimed runs on their way to the threads that do them, and those that have ended on their way
back.
"""

import threading
from collections.abc import Sequence
from queue import SimpleQueue

from core.evaluations.runs.work_items import ClaimedRun, EndedRun


class RunQueue:
    """Hands runs to threads, and collects what they have done."""

    def __init__(self) -> None:
        self._claimed = SimpleQueue[ClaimedRun | None]()
        self._ended = list[EndedRun]()
        self._lock = threading.Lock()
        self._has_news = threading.Event()
        self._in_hand = 0

    @property
    def ready(self) -> int:
        """How many claimed runs no thread has begun."""
        return self._claimed.qsize()

    @property
    def is_idle(self) -> bool:
        """Whether all that was claimed has ended, and was taken."""
        with self._lock:
            return not (self._in_hand or self._ended)

    def add(self, claimed: Sequence[ClaimedRun]) -> None:
        with self._lock:
            self._in_hand += len(claimed)
        for run in claimed:
            self._claimed.put(run)

    def next(self) -> ClaimedRun | None:
        """Wait for a run to do; None when there will be no more."""
        return self._claimed.get()

    def end(self, ended: EndedRun | None) -> None:
        """Take a run back; without a result, it is given back with the evaluation."""
        with self._lock:
            self._in_hand -= 1
            if ended is not None:
                self._ended.append(ended)
        # A wake-up per run would settle each in a transaction of its own
        if self._claimed.empty():
            self._has_news.set()

    def take_ended(self) -> list[EndedRun]:
        with self._lock:
            ended, self._ended = self._ended, []
        return ended

    def wait(self, timeout_s: float) -> None:
        """Wait until a thread has nothing to do, or for this long."""
        self._has_news.wait(timeout_s)
        self._has_news.clear()

    def close(self, threads: int) -> None:
        """Let the threads end when they have done what is claimed."""
        for _ in range(threads):
            self._claimed.put(None)
