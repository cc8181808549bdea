"""Refuse addresses that have sent badly signed callbacks, for the rest of a minute."""

import time
from collections import Counter

from core.errors import RateLimited

MAX_FORGED, WINDOW_S = 30, 60


class ForgedCallbacks:
    """Badly signed callbacks by address; all counts begin anew together, so that none is kept."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._began_at = time.monotonic()

    def count(self, address: str | None) -> None:
        """Count one of an address."""
        self._counts[address or ""] += 1

    def refuse(self, address: str | None) -> None:
        """Raise RateLimited for an address that has sent too many."""
        passed_s = time.monotonic() - self._began_at
        if passed_s >= WINDOW_S:
            self._counts.clear()
            self._began_at, passed_s = time.monotonic(), 0.0
        if self._counts.get(address or "", 0) >= MAX_FORGED:
            raise RateLimited(retry_after_s=int(WINDOW_S - passed_s) + 1)


forged = ForgedCallbacks()
