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
    """The calls of one account since the start of its minute."""

    began_at: float
    calls: int = 0


class Limiter:
    """Fixed windows of a minute, one per account."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], LimitWindow] = defaultdict(lambda: LimitWindow(0.0))
        self._lock = threading.Lock()

    def take(self, kind: str, account_id: str, limit: int, *, times: int = 1) -> "LimitState":
        """Count `times` calls or rows, and return the remaining number."""
        now = time.monotonic()
        with self._lock:
            window = self._windows[kind, account_id]
            if now - window.began_at >= WINDOW_S:
                window.began_at, window.calls = now, 0
            window.calls += times
            return LimitState(
                limit, limit - window.calls, resets_in_s=int(WINDOW_S - (now - window.began_at)) + 1
            )


@dataclass(frozen=True)
class LimitState:
    """The state of a limit after a call; `left` is negative when the limit was exceeded."""

    limit: int
    left: int
    resets_in_s: int

    @property
    def headers(self) -> dict[str, str]:
        """The RateLimit headers of the response."""
        left = str(max(0, self.left))
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": left,
            "RateLimit-Reset": str(self.resets_in_s),
        }


limiter = Limiter()


async def standard(request: Request, actor: ActorDep, config: ConfigDep) -> None:
    """Count a call of a route."""
    _count(request, "standard", actor, config.rate_limit_standard)


async def streaming(request: Request, actor: ActorDep, config: ConfigDep) -> None:
    """Count a call of a streaming route."""
    _count(request, "streaming", actor, config.rate_limit_streaming)


def rows(request: Request, actor: Actor, config: Config, rows: int) -> None:
    """Count ingested rows."""
    _count(request, "ingest", actor, config.rate_limit_ingest, rows)


def _count(request: Request, kind: str, actor: Actor, limit: int, times: int = 1) -> None:
    state = limiter.take(kind, str(actor.id), limit, times=times)
    # The gate adds them to every response, including errors and streams.
    request.scope["state"]["headers"] = state.headers
    if state.left < 0:
        message = (
            f"More than {limit} {'rows' if kind == 'ingest' else 'calls'} in a minute. Try again "
            f"in {state.resets_in_s} s."
        )
        raise RateLimited(message, limit=limit, retry_after_s=state.resets_in_s)
