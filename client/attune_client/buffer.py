"""The queue of rows to send: bounded, the oldest dropped first, and everything counted."""

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from attune_client.rows import Row


class Waiting(NamedTuple):
    """A row to send, and its path."""

    path: str
    # Small rows are bytes: thousands of dictionaries slow down the host's garbage collection
    row: Row | bytes
    size: int


@dataclass(frozen=True)
class Stats:
    """Counts of rows by outcome; together they are all rows that the host passed."""

    sent: int  # accepted by Attune, including duplicates
    dropped: int  # displaced by newer ones, or left at the end
    failed: int  # rejected, or not serializable as JSON
    waiting: int


class Buffer:
    """A queue between the host's threads and the sending thread."""

    def __init__(self, most_rows: int, most_bytes: int, *, many: int) -> None:
        """Start empty; once `many` rows are queued, they are sent without waiting for more."""
        self._most_rows, self._most_bytes, self._many = max(1, most_rows), most_bytes, many
        self._rows: deque[Waiting] = deque()
        self._size = 0
        self._added = self._sent = self._dropped = self._failed = 0
        self._in_flight, self._first_in_flight = 0, 0  # their count, and the number of the first
        self._flush_up_to = self._flushes = 0  # rows up to this number are sent at once
        self._changed = threading.Condition(threading.Lock())
        self.closing = threading.Event()

    def put(self, path: str, row: Row | bytes, size: int) -> None:
        """Add a row; when there is no room, the oldest ones are dropped."""
        with self._changed:
            self._added += 1
            if self.closing.is_set():
                self._dropped += 1
                return
            self._rows.append(Waiting(path, row, size))
            self._size += size
            # The newest row stays, however large it is
            while len(self._rows) > self._most_rows or (
                self._size > self._most_bytes and len(self._rows) > 1
            ):
                self._size -= self._rows.popleft().size
                self._dropped += 1
            # Wakes the sender, which waits for the first row or for many
            if len(self._rows) in (1, self._many):
                self._changed.notify_all()

    def refuse(self) -> None:
        """Count a row that could not be copied."""
        with self._changed:
            self._failed += 1

    def take(self, most: int, most_bytes: int, *, linger_s: float, idle_s: float) -> list[Waiting]:
        """Return the oldest rows after up to `linger_s`; [] after `idle_s` without any."""
        with self._changed:
            self._changed.wait_for(lambda: self._rows or self.closing.is_set(), idle_s)
            deadline = time.monotonic() + linger_s
            while (
                self._rows
                and len(self._rows) < most
                and not self._is_urgent()
                and (remaining_s := deadline - time.monotonic()) > 0
            ):
                self._changed.wait(remaining_s)
            rows: list[Waiting] = []
            self._first_in_flight = self._added - len(self._rows) + 1
            while self._rows and len(rows) < most and (not rows or most_bytes > 0):
                row = self._rows.popleft()
                self._size -= row.size
                most_bytes -= row.size
                rows.append(row)
            self._in_flight = len(rows)
            return rows

    def settle(self, *, sent: int = 0, failed: int = 0, dropped: int = 0) -> None:
        """Count the outcome of rows that were taken."""
        with self._changed:
            self._sent += sent
            self._failed += failed
            self._dropped += dropped
            self._in_flight -= sent + failed + dropped
            self._changed.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """Wait until every row so far is settled; return whether they are."""
        with self._changed:
            last = self._flush_up_to = self._added
            self._flushes += 1
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._oldest() > last, timeout_s)

    def rest(self, seconds: float, *, may_hurry: bool) -> bool:
        """Wait `seconds`, or until a flush; return whether the client is closing."""
        with self._changed:
            flushes = self._flushes
            self._changed.wait_for(
                lambda: self.closing.is_set() or (may_hurry and self._flushes != flushes), seconds
            )
            return self.closing.is_set()

    def close(self) -> None:
        """Accept no more rows, and drop the remaining ones."""
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
        """Return the number of the oldest unsettled row; the queue has the last ones added."""
        if self._in_flight:
            return self._first_in_flight
        return self._added - len(self._rows) + 1

    def _is_urgent(self) -> bool:
        return self.closing.is_set() or self._oldest() <= self._flush_up_to
