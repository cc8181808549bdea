"""End long responses and websockets when their session or API key is revoked."""

import asyncio
import time
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool

from core.database import bus
from core.database.db import transaction
from core.errors import Forbidden, Unavailable
from core.identity import queries
from core.identity.errors import SessionExpired
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.identity.service import api_keys, sessions

# A session that expires is not announced, and a notification may be lost
CHECK_INTERVAL_S = 30.0
RETRY_WAIT_S = 1.0


class Rights:
    """An actor's permission to run models, checked again on notifications and every 30 s."""

    def __init__(self, actor: Actor, ring: Callable[[], None]) -> None:
        """Start with the gate's result; `ring` is called when `hold` should be called again."""
        self._actor, self._ring = actor, ring
        self._next_check_at = time.monotonic() + CHECK_INTERVAL_S
        self.unsubscribe = bus.subscribe(sessions.revoked_topic(actor.id), self._on_revoked)

    @property
    def due_in_s(self) -> float:
        """Seconds until the next check."""
        return max(0.0, self._next_check_at - time.monotonic())

    async def hold(self) -> bool:
        """Return whether the actor still has the permission; wait for an unavailable database."""
        if self.due_in_s > 0:
            return True
        # Before the check: a revocation that is announced during it leads to another
        self._next_check_at = time.monotonic() + CHECK_INTERVAL_S
        while True:
            try:
                return await run_in_threadpool(is_still_allowed, self._actor)
            except Unavailable:
                await asyncio.sleep(RETRY_WAIT_S)

    def _on_revoked(self, _hint: bus.Hint) -> None:
        self._next_check_at = 0.0
        self._ring()


def is_still_allowed(actor: Actor) -> bool:
    """Whether an actor's session, or API key, is still active and may run models."""
    if actor.is_program:
        with transaction() as session:
            return api_keys.is_active(session, actor.id)
    session_actor = _find_in_session(actor)
    return session_actor is not None and may(session_actor, Permission.RUN_MODELS)


def reason_of_end(account: Actor) -> SessionExpired | Forbidden:
    """Return why an account is no longer allowed: its session has ended, or its role was
    changed.
    """
    return SessionExpired() if _find_in_session(account) is None else Forbidden()


def _find_in_session(account: Actor) -> Actor | None:
    if account.session_id is None:
        return None
    with transaction() as session:
        return queries.find_actor_in_session(session, account.session_id, account.caller)
