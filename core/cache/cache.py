"""Cache answers for a fixed time; docs/caching.md lists every cache with its maximum age."""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Generic, TypeVar

from cachetools import TTLCache

from core.database import bus
from core.database.connections.monitor import is_given_up
from core.database.db import Session, after_commit, release_connection

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """Answers of at most `max_age_s`; concurrent callers of a key wait for one read."""

    def __init__(self, topic: str, *, max_age_s: float, max_size: int = 10_000) -> None:
        """Be cleared, besides, whenever `topic` is published on the bus."""
        self._topic = topic
        self._values: TTLCache[Key, Value] = TTLCache(max_size, max_age_s, timer=time.monotonic)
        self._reads: dict[Key, Future[Value]] = {}
        self._lock = threading.Lock()
        bus.subscribe(topic, self.clear)

    def get(self, key: Key, read: Callable[[], Value], session: Session | None = None) -> Value:
        """Return the cached answer, or read it; raise what `read` raises, also to those who waited
        for it. When the caller who reads has given up, those who wait read it themselves.

        `session` is one that the caller reads with: while it waits for another caller's read, it
        holds no connection.
        """
        with self._lock, suppress(KeyError):
            return self._values[key]
        with self._lock:
            others = self._reads.get(key)
            own = self._reads.setdefault(key, Future())
        if others is None:
            return self._read(key, read, own)
        if session is not None:
            release_connection(session)
        with suppress(CancelledError):
            return others.result()
        return self.get(key, read, session)

    def peek(self, key: Key) -> Value | None:
        """Return the cached answer, or None; it never waits, so an event loop may ask."""
        with self._lock, suppress(KeyError):
            return self._values[key]
        return None

    def clear(self, _hint: bus.Hint = None) -> None:
        """Drop every answer in this process, and do not keep those that are being read."""
        with self._lock:
            self._values.clear()
            self._reads = {}

    def clear_after_commit(self, session: Session) -> None:
        """Clear the cache after the commit in every process, and in this one at once."""
        after_commit(session, self.clear)
        bus.publish(session, self._topic)

    def _read(self, key: Key, read: Callable[[], Value], own: Future[Value]) -> Value:
        try:
            value = read()
        # Whatever ends the read, those who wait for it must not wait for ever
        except BaseException as failure:
            with self._lock:
                self._end(key, own)
            if is_given_up():  # its statement was cancelled: that says nothing to the others
                own.cancel()
            else:
                own.set_exception(failure)
            raise
        with self._lock:
            if self._end(key, own):
                self._values[key] = value
        own.set_result(value)
        return value

    def _end(self, key: Key, own: Future[Value]) -> bool:
        """End a read; return False when the cache was cleared during it."""
        is_current = self._reads.get(key) is own
        if is_current:
            del self._reads[key]
        return is_current
