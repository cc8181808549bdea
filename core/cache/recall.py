"""Cache values that change seldom and are read often: for seconds, cleared in every process when they change."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from core.database import bus
from core.database.db import Session, after_commit

MOST = 10_000  # some keys are names that a sender chooses

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recall(Generic[Key, Value]):
    """A small memory of answers that depend on nobody's rights."""

    def __init__(self, topic: str, *, for_s: float) -> None:
        """Forget everything when `topic` is told on the bus, and each answer after `for_s` seconds."""
        self._topic, self._for_s = topic, for_s
        self._known: dict[Key, tuple[float, Value]] = {}
        self._generation = 0
        self._lock = threading.Lock()
        bus.subscribe(topic, self.forget)

    def get(self, key: Key, read: Callable[[], Value]) -> Value:
        """Return what is remembered under a key, or read it and remember it."""
        kept = self._known.get(key)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        generation = self._generation
        value = read()
        with self._lock:
            # What was read before somebody changed it must not be remembered after.
            if generation == self._generation:
                self._make_room()
                self._known[key] = (time.monotonic() + self._for_s, value)
        return value

    def known(self, key: Key) -> Value | None:
        """Return what is remembered under a key, or None; it reads nothing, so an event loop may ask."""
        kept = self._known.get(key)
        return kept[1] if kept is not None and kept[0] > time.monotonic() else None

    def _make_room(self) -> None:
        """Let go of what is over, or, where that is less than half, of everything."""
        if len(self._known) < MOST:
            return
        now = time.monotonic()
        live = {key: kept for key, kept in self._known.items() if kept[0] > now}
        # Looking through it all again soon would cost more than reading it anew.
        self._known = live if len(live) <= MOST // 2 else {}

    def forget(self, _hint: bus.Hint = None) -> None:
        """Forget everything."""
        with self._lock:
            self._generation += 1
            self._known.clear()

    def tell(self, session: Session) -> None:
        """Have every process forget once this transaction is committed, this one before anything else happens."""
        after_commit(session, self.forget)
        bus.publish(session, self._topic)
