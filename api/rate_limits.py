"""Rate limits per account and minute: calls of all processes together, ingested rows of each."""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from fastapi import Request

from api import threads
from api.deps import ActorDep, ConfigDep
from core.errors import RateLimited
from core.identity.schemas import Actor
from core.platform.config import Config
from core.quotas.schemas import RateLimitKind
from core.quotas.service import rate_limits

WINDOW_S = 60


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


@dataclass
class RowsWindow:
    """The rows of one account since the start of its minute."""

    began_at: float
    rows: int = 0


class RowLimiter:
    """Fixed windows of a minute, one per account, counted in this process.

    Rows are not counted in the database as calls are: their limit protects the memory and the time
    of a process, and the statement would slow down every request that brings a single row.
    """

    def __init__(self) -> None:
        self._windows: dict[str, RowsWindow] = defaultdict(lambda: RowsWindow(0.0))
        self._lock = threading.Lock()

    def take(self, account_id: str, limit: int, rows: int) -> LimitState:
        """Count rows, and return the remaining number."""
        now = time.monotonic()
        with self._lock:
            window = self._windows[account_id]
            if now - window.began_at >= WINDOW_S:
                window.began_at, window.rows = now, 0
            window.rows += rows
            return LimitState(
                limit, limit - window.rows, resets_in_s=int(WINDOW_S - (now - window.began_at)) + 1
            )


row_limiter = RowLimiter()


async def standard(request: Request, actor: ActorDep, config: ConfigDep) -> None:
    """Count a call of a route."""
    await _count_call(request, RateLimitKind.STANDARD, actor, config.rate_limit_standard)


async def streaming(request: Request, actor: ActorDep, config: ConfigDep) -> None:
    """Count a call of a streaming route."""
    await _count_call(request, RateLimitKind.STREAMING, actor, config.rate_limit_streaming)


async def evaluation(request: Request, actor: ActorDep, config: ConfigDep) -> None:
    """Count the start of an evaluation."""
    await _count_call(request, RateLimitKind.EVALUATION, actor, config.rate_limit_evaluation)


async def _count_call(request: Request, kind: RateLimitKind, actor: Actor, limit: int) -> None:
    # On the connections of authentication, which slow reads of others do not keep waiting
    window = timedelta(seconds=WINDOW_S)
    counted = await threads.SIGN_IN.run(rate_limits.count_call, kind, actor.id, window)
    resets_in_s = max(1, ceil(counted.left_s))
    state = LimitState(limit, limit - counted.calls, resets_in_s)
    _check(request, state, "calls")


def rows(request: Request, actor: Actor, config: Config, rows: int) -> None:
    """Count ingested rows."""
    _check(request, row_limiter.take(str(actor.id), config.rate_limit_ingest, rows), "rows")


def _check(request: Request, state: LimitState, what: str) -> None:
    # The gate adds them to every response, including errors and streams.
    request.scope["state"]["headers"] = state.headers
    if state.left < 0:
        message = f"More than {state.limit} {what} in a minute. Try again in {state.resets_in_s} s."
        raise RateLimited(message, limit=state.limit, retry_after_s=state.resets_in_s)
