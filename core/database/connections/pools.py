"""Close idle connections: each is a Postgres process with its own memory."""

import threading
from typing import cast

from sqlalchemy import Engine, QueuePool, event

LOOKS_EVERY_S = 60.0
SPARE = 1  # connecting takes longer than most requests


class PoolShrinker:
    """Closes pooled connections of an engine when far fewer are in use than there are."""

    def __init__(self, engine: Engine) -> None:
        """Start to record how many connections are in use at once."""
        self._engine, self._most_in_use = engine, 0
        event.listen(engine, "checkout", self._note)

    def shrink(self) -> bool:
        """Close idle connections beyond the maximum in use since the last call; return whether any
        were closed.

        Nothing is closed while a connection is in use, because it would return to a disposed pool.
        """
        in_use = self._pool.checkedout()
        most, self._most_in_use = self._most_in_use, in_use
        if in_use or self._pool.checkedin() <= most + SPARE:
            return False
        self._engine.dispose()
        return True

    @property
    def _pool(self) -> QueuePool:
        return cast("QueuePool", self._engine.pool)

    def _note(self, *_: object) -> None:
        self._most_in_use = max(self._most_in_use, self._pool.checkedout())


def keep_small(*engines: Engine) -> None:
    """Shrink the pools of these engines periodically, for the life of the process."""
    pools = [PoolShrinker(engine) for engine in engines]

    def look() -> None:
        pause = threading.Event()
        while not pause.wait(LOOKS_EVERY_S):
            for pool in pools:
                pool.shrink()

    threading.Thread(target=look, name="pools", daemon=True).start()
