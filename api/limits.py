"""How often an account may call in a minute. Counted in this process: behind several, each counts for itself."""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Response

from api.deps import ActorDep, ConfigDep
from core.errors import RateLimited

WINDOW_S = 60


@dataclass
class Window:
    """The calls of one account since the minute began."""

    began_at: float
    calls: int = 0


class Limiter:
    """Fixed windows of a minute, one an account."""

    def __init__(self) -> None:
        """Nobody has called yet."""
        self._windows: dict[tuple[str, str], Window] = defaultdict(lambda: Window(0.0))
        self._lock = threading.Lock()

    def take(self, kind: str, who: str, limit: int) -> dict[str, str]:
        """Count a call and return the headers that say what is left.

        Raises RateLimited when nothing is.
        """
        now = time.monotonic()
        with self._lock:
            window = self._windows[kind, who]
            if now - window.began_at >= WINDOW_S:
                window.began_at, window.calls = now, 0
            window.calls += 1
            left, resets_in_s = limit - window.calls, int(WINDOW_S - (now - window.began_at)) + 1
        if left < 0:
            raise RateLimited(
                f"More than {limit} calls in a minute. Try again in {resets_in_s} s.",
                limit=limit,
                retry_after_s=resets_in_s,
            )
        return {"RateLimit-Limit": str(limit), "RateLimit-Remaining": str(left), "RateLimit-Reset": str(resets_in_s)}


limiter = Limiter()


async def standard(actor: ActorDep, config: ConfigDep, response: Response) -> None:
    """Count a call of any route."""
    response.headers.update(limiter.take("standard", str(actor.id), config.rate_limit_standard))


async def streaming(actor: ActorDep, config: ConfigDep, response: Response) -> None:
    """Count a call of a route that streams."""
    response.headers.update(limiter.take("streaming", str(actor.id), config.rate_limit_streaming))


Standard = Annotated[None, Depends(standard)]
Streaming = Annotated[None, Depends(streaming)]
