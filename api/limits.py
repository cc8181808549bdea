"""Rate limits per account and minute, counted in this process."""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass

from fastapi import Request

from api.deps import ActorDep, ConfigDep
from core.errors import RateLimited
from core.identity.schemas import Actor
from core.platform.config import Config

WINDOW_S = 60


@dataclass
class LimitWindow:
    """The calls of one account since the minute began."""

    began_at: float
    calls: int = 0


class Limiter:
    """Fixed windows of a minute, one an account."""

    def __init__(self) -> None:
        """Nobody has called yet."""
        self._windows: dict[tuple[str, str], LimitWindow] = defaultdict(lambda: LimitWindow(0.0))
        self._lock = threading.Lock()

    def take(self, kind: str, who: str, limit: int, *, times: int = 1) -> "LimitState":
        """Count a call, or so many rows, and return what is left."""
        now = time.monotonic()
        with self._lock:
            window = self._windows[kind, who]
            if now - window.began_at >= WINDOW_S:
                window.began_at, window.calls = now, 0
            window.calls += times
            return LimitState(limit, limit - window.calls, resets_in_s=int(WINDOW_S - (now - window.began_at)) + 1)


@dataclass(frozen=True)
class LimitState:
    """Where an account stands after a call; `left` is negative when the call was one too many."""

    limit: int
    left: int
    resets_in_s: int

    @property
    def headers(self) -> dict[str, str]:
        """What the answer says of it."""
        left = str(max(0, self.left))
        return {"RateLimit-Limit": str(self.limit), "RateLimit-Remaining": left, "RateLimit-Reset": str(self.resets_in_s)}


limiter = Limiter()


async def standard(request: Request, actor: ActorDep, config: ConfigDep) -> None:
    """Count a call of any route."""
    _count(request, "standard", actor, config.rate_limit_standard)


async def streaming(request: Request, actor: ActorDep, config: ConfigDep) -> None:
    """Count a call of a route that streams."""
    _count(request, "streaming", actor, config.rate_limit_streaming)


def rows(request: Request, actor: Actor, config: Config, rows: int) -> None:
    """Count rows that come in."""
    _count(request, "ingest", actor, config.rate_limit_ingest, rows)


def _count(request: Request, kind: str, actor: Actor, limit: int, times: int = 1) -> None:
    taken = limiter.take(kind, str(actor.id), limit, times=times)
    # The gate puts them on whatever the answer will be, errors and streams too.
    request.scope["state"]["headers"] = taken.headers
    if taken.left < 0:
        words = f"More than {limit} {'rows' if kind == 'ingest' else 'calls'} in a minute. Try again in {taken.resets_in_s} s."
        raise RateLimited(words, limit=limit, retry_after_s=taken.resets_in_s)
