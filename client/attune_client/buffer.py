"""What waits to be sent: bounded, the oldest dropped first, and everything counted."""

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from attune_client.rows import Row


class Waiting(NamedTuple):
    """A row on its way to a path."""

    path: str
    row: Row | bytes  # small ones are a line already: thousands of dictionaries would cost the host's garbage collection dearly
    size: int


@dataclass(frozen=True)
class Stats:
    """What became of the rows so far; together they are all that were given."""

    sent: int  # taken by Attune, also those that it had already
    dropped: int  # pushed out by newer ones, or left over at the end
    failed: int  # refused, or not to be written as JSON
    waiting: int


class Buffer:
    """A queue between the host's threads and the one that sends."""

    def __init__(self, most_rows: int, most_bytes: int, *, many: int) -> None:
        """Begin empty; `many` rows are worth sending without waiting for more."""
        self._most_rows, self._most_bytes, self._many = max(1, most_rows), most_bytes, many
        self._rows: deque[Waiting] = deque()
        self._size = 0
        self._given = self._sent = self._dropped = self._failed = 0
        self._in_flight, self._first_in_flight = 0, 0  # how many, and the number of the first
        self._wanted_by = self._flushes = 0  # rows up to this one are wanted out at once
        self._changed = threading.Condition(threading.Lock())
        self.closing = threading.Event()

    def put(self, path: str, row: Row | bytes, size: int) -> None:
        """Add a row; when there is no room, the oldest ones go."""
        with self._changed:
            self._given += 1
            if self.closing.is_set():
                self._dropped += 1
                return
            self._rows.append(Waiting(path, row, size))
            self._size += size
            while len(self._rows) > self._most_rows or (self._size > self._most_bytes and len(self._rows) > 1):
                self._size -= self._rows.popleft().size
                self._dropped += 1
            if len(self._rows) in (1, self._many):  # who waits for the first, or for many, looks up
                self._changed.notify_all()

    def refuse(self) -> None:
        """Count a row that could not even be taken."""
        with self._changed:
            self._given += 1
            self._failed += 1

    def take(self, most: int, most_bytes: int, *, linger_s: float, idle_s: float) -> list[Waiting]:
        """Return the oldest rows once there are any, a little later so that they are many; or nothing after a while."""
        with self._changed:
            self._changed.wait_for(lambda: self._rows or self.closing.is_set(), idle_s)
            until = time.monotonic() + linger_s
            while self._rows and len(self._rows) < most and not self._is_urgent() and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            taken: list[Waiting] = []
            self._first_in_flight = self._given - len(self._rows) + 1
            while self._rows and len(taken) < most and (not taken or most_bytes > 0):
                row = self._rows.popleft()
                self._size -= row.size
                most_bytes -= row.size
                taken.append(row)
            self._in_flight = len(taken)
            return taken

    def settle(self, *, sent: int = 0, failed: int = 0, dropped: int = 0) -> None:
        """Count what became of rows that were taken."""
        with self._changed:
            self._sent += sent
            self._failed += failed
            self._dropped += dropped
            self._in_flight -= sent + failed + dropped
            self._changed.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """Wait until every row that was given so far is settled; return whether they are."""
        with self._changed:
            wanted = self._wanted_by = self._given
            self._flushes += 1
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._oldest() > wanted, timeout_s)

    def rest(self, seconds: float, *, may_hurry: bool) -> bool:
        """Wait, if it may be only until somebody flushes; return whether the end has come."""
        with self._changed:
            before = self._flushes
            self._changed.wait_for(lambda: self.closing.is_set() or (may_hurry and self._flushes != before), seconds)
            return self.closing.is_set()

    def close(self) -> None:
        """Take no more, and drop what is left."""
        with self._changed:
            self.closing.set()
            self._dropped += len(self._rows)
            self._rows.clear()
            self._size = 0
            self._changed.notify_all()

    def stats(self) -> Stats:
        """Return the counts."""
        with self._changed:
            return Stats(self._sent, self._dropped, self._failed, len(self._rows) + self._in_flight)

    def _oldest(self) -> int:
        """Return the number of the oldest row that is not settled: the last ones given are those that wait."""
        if self._in_flight:
            return self._first_in_flight
        return self._given - len(self._rows) + 1

    def _is_urgent(self) -> bool:
        return self.closing.is_set() or self._oldest() <= self._wanted_by
