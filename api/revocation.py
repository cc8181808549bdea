"""End long responses and websockets when their session is revoked."""

import asyncio
import time
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool

from core.database import bus
from core.database.db import transaction
from core.errors import Unavailable
from core.identity import queries, service
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor

LOOK_EVERY_S = 30.0
ASK_AGAIN_AFTER_S = 1.0


class Rights:
    """An actor's right to run models, looked up again when it may have ended, and now and then by itself."""

    def __init__(self, actor: Actor, ring: Callable[[], None]) -> None:
        """Begin with what the gate has just found out; `ring` is called when it is time to ask again."""
        self._actor, self._ring = actor, ring
        self._look_at = time.monotonic() + LOOK_EVERY_S
        self.let_go = bus.subscribe(service.revoked_topic(actor.id), self._hint)

    @property
    def due_in_s(self) -> float:
        """How long until it should be asked again."""
        return max(0.0, self._look_at - time.monotonic())

    async def hold(self) -> bool:
        """Whether the actor still may; while the database does not say, wait."""
        if self.due_in_s > 0:
            return True
        self._look_at = time.monotonic() + LOOK_EVERY_S
        while True:
            try:
                return await run_in_threadpool(may_still, self._actor)
            except Unavailable:
                await asyncio.sleep(ASK_AGAIN_AFTER_S)

    def _hint(self, _hint: bus.Hint) -> None:
        self._look_at = 0.0
        self._ring()


def may_still(actor: Actor) -> bool:
    """Whether the session that an actor came in is still live, and still allowed to run models."""
    if actor.session_id is None:
        return False
    with transaction() as session:
        found = queries.find_actor_in_session(session, actor.session_id, actor.caller)
    return found is not None and may(found, Permission.RUN_MODELS)
