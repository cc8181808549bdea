"""Close idle connections: each is a Postgres process with its own memory."""

import threading
from typing import cast

from sqlalchemy import Engine, QueuePool, event

LOOKS_EVERY_S = 60.0
SPARE = 1


class Shrinking:
    """Closes the pooled connections of an engine when far fewer are in use at once than there were."""

    def __init__(self, engine: Engine) -> None:
        """Begin to note how many are in use at once."""
        self._engine, self._most_in_use = engine, 0
        event.listen(engine, "checkout", self._note)

    def shrink(self) -> bool:
        """Close what rests in the pool, when more does than was in use at once since the last call; return whether it did.

        While a connection is in use nothing is closed: it would come back to a pool that is gone.
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
    """Look after the pools of these engines for as long as this process lives."""
    pools = [Shrinking(engine) for engine in engines]

    def look() -> None:
        pause = threading.Event()
        while not pause.wait(LOOKS_EVERY_S):
            for pool in pools:
                pool.shrink()

    threading.Thread(target=look, name="pools", daemon=True).start()
