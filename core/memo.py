"""Counts of very many rows, remembered for a minute: whoever turns a page need not wait until a million are counted again."""

import threading
import time
from collections.abc import Callable, Hashable

MANY, SLOW_S = 100_000, 2.0  # what is fewer, and was counted sooner, is counted again each time
KEPT_S = 60.0
MOST = 1000

_counts: dict[Hashable, tuple[float, int]] = {}
_asking = [threading.Lock() for _ in range(64)]


def counted(key: Hashable, ask: Callable[[], int]) -> int:
    """Return a count that may be a minute old if it is large or took long; of several who ask, one waits for the database."""
    with _asking[hash(key) % len(_asking)]:
        found = _counts.get(key)
        if found is not None and time.monotonic() - found[0] < KEPT_S:
            return found[1]
        begun = time.monotonic()
        count = ask()
        if count >= MANY or time.monotonic() - begun >= SLOW_S:
            if len(_counts) >= MOST:
                _counts.clear()
            _counts[key] = (time.monotonic(), count)
        return count
