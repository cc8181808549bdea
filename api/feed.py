"""Follow a playground session over one websocket, from the console's page or from a program.

Every message is numbered: the session's revision times 2^20, plus, within a growing answer, how many characters there are. The
number needs no memory of ours: any process can say what came after it, also after a restart. Characters are code points.
"""

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.revocation import Rights
from core.database import bus
from core.database.db import transaction
from core.errors import Unavailable
from core.executions import queries as executions
from core.executions import service as executions_service
from core.executions.buffers import Bell, BufferSnapshot
from core.executions.runner import current
from core.executions.schemas import ExecutionStatus
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.playground import queries, service
from core.playground.schemas import PlaygroundMessageView

STEP = 1 << 20
FRAME_S = 0.016  # what comes within one frame of a screen goes together
NOT_SIGNED_IN, NOT_YOURS, BROKEN = 4401, 4404, 1011

log = logging.getLogger("attune.api")


@dataclass(frozen=True)
class FeedState:
    """What the database knew when it was last asked."""

    revision: int
    changed: list[PlaygroundMessageView]
    pending: PlaygroundMessageView | None


async def serve(websocket: WebSocket, session_id: UUID, *, after: int | None, actor: Actor | None) -> None:
    """Follow a session until the other side leaves, or the right to see it ends."""
    if actor is None or not may(actor, Permission.RUN_MODELS):
        await websocket.close(NOT_SIGNED_IN)
        return
    await websocket.accept()
    feed = Feed(websocket, session_id, actor, after)
    sending = asyncio.create_task(feed.send())
    leaving = asyncio.create_task(_until_gone(websocket))
    await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    for task in (sending, leaving):
        task.cancel()
    ended, _ = await asyncio.gather(sending, leaving, return_exceptions=True)
    if isinstance(ended, Exception) and not isinstance(ended, WebSocketDisconnect):
        log.error("a feed broke", exc_info=ended)
        feed.close_code = BROKEN
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # it is closed already
        await websocket.close(feed.close_code)


async def _until_gone(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


class Feed:
    """One follower of one session."""

    def __init__(self, websocket: WebSocket, session_id: UUID, actor: Actor, after: int | None) -> None:
        """Begin after a number, or with what is there now."""
        self.websocket, self.session_id, self.actor = websocket, session_id, actor
        self.close_code = 1000
        self._bell = Bell()
        # Up to where the other side knows everything: a revision of the session, and a place in the answer that grows.
        self._revision: int | None = None
        self._at = 0
        if after is not None:
            self._revision, self._at = divmod(after, STEP)
        self._found: FeedState | None = None
        self._look = True
        self._sent_at = 0.0
        self._rights = Rights(actor, self._bell.ring)

    async def send(self) -> None:
        """Send what changes, until told to stop."""
        ends = [
            bus.subscribe(service.topic(self.session_id), self._hint_look),
            bus.subscribe(executions_service.PROGRESS, self._hint_progress),
            self._rights.let_go,
        ]
        try:
            while await self._send_once():
                await self._bell.heard(self._rights.due_in_s)
                await self.finish_frame()
        finally:
            for unsubscribe in ends:
                unsubscribe()

    async def finish_frame(self) -> None:
        """Wait until a frame has passed since the last message; after a pause there is nothing to wait for."""
        if (left_s := self._sent_at + FRAME_S - time.monotonic()) > 0:
            await asyncio.sleep(left_s)

    def _hint_look(self, _hint: bus.Hint) -> None:
        self._look = True
        self._bell.ring()

    def _hint_progress(self, hint: bus.Hint) -> None:
        """Wake for an answer that another process writes, or that this one has just begun."""
        pending = self._found.pending if self._found else None
        if hint is None or (pending is not None and pending.job_id == hint["id"]):
            self._bell.ring()

    async def _send_once(self) -> bool:
        """Send what is new; return whether to go on."""
        try:
            return await self._send_new()
        except Unavailable:
            self._look = True  # the database is away: the next round asks again
            await asyncio.sleep(1.0)
            self._bell.ring()
            return True

    async def _send_new(self) -> bool:
        if not await self._rights.hold():
            self.close_code = NOT_SIGNED_IN
            return False
        if self._look or self._found is None:
            self._look = False
            found = await run_in_threadpool(self._ask)
            if found is None:
                self.close_code = NOT_YOURS
                return False
            await self._send_changes(found)
        await self._send_tokens()
        return True

    def _ask(self) -> FeedState | None:
        with transaction() as session:
            revision = queries.find_revision(session, self.session_id, owner=self.actor.id)
            if revision is None:
                return None
            known = self._revision if self._revision is not None else revision
            # A number that was never given is from another life of this database: begin anew.
            changed = queries.list_messages_since(session, self.session_id, known if 0 <= known <= revision else 0)
            pending = queries.find_pending_view(session, self.session_id)
        # What has changed since the revision was read belongs to the next round.
        ended = [it for it in changed if it.status not in (None, ExecutionStatus.PENDING) and it.revision <= revision]
        return FeedState(revision, ended, pending)

    async def _send_changes(self, found: FeedState) -> None:
        for message in found.changed:
            await self.say(_response(self.session_id, message))
        pending, before = found.pending, self._found.pending if self._found else None
        is_same = pending is not None and (pending.id == before.id if before else pending.revision == self._revision)
        self._at = self._at if is_same else 0
        self._revision, self._found = found.revision, found
        number = found.revision * STEP + (self._at if pending and pending.revision == found.revision else 0)
        answer = {"message_id": str(pending.id), "job_id": pending.job_id} if pending else None
        await self.say({"type": "playground_session", "n": number, "revision": found.revision, "pending": answer})

    async def _send_tokens(self) -> None:
        pending = self._found.pending if self._found else None
        if pending is None:
            return
        grown = await self._grown(pending)
        if not grown.text:
            return
        token = {
            "type": "playground_token",
            "n": pending.revision * STEP + min(grown.end, STEP - 1),
            "message_id": str(pending.id),
            "at": self._at,
            "text": grown.text,
        }
        self._at = grown.end
        await self.say(token)

    async def _grown(self, pending: PlaygroundMessageView) -> BufferSnapshot:
        execution_id = UUID(pending.job_id or "")
        buffer = current().find(execution_id)
        if buffer is not None:
            # A set of wakers: subscribing the same bell again changes nothing; the buffer is forgotten soon after its end.
            buffer.subscribe(self._bell.ring)
            return buffer.since(self._at)
        text, status = await run_in_threadpool(_stored, execution_id)
        return BufferSnapshot(text[self._at :], len(text), status)

    async def say(self, message: dict[str, Any]) -> None:
        """Send a message of this session."""
        self._sent_at = time.monotonic()
        await self.websocket.send_json({"session_id": str(self.session_id), **message})


def _response(session_id: UUID, message: PlaygroundMessageView) -> dict[str, Any]:
    return {
        "type": "playground_response",
        "n": message.revision * STEP,
        "session_id": str(session_id),
        "message_id": str(message.id),
        "content": message.content,
        "response_time_ms": message.response_time_ms,
        "role": message.role,
        "status": message.status,
    }


def _stored(execution_id: UUID) -> tuple[str, ExecutionStatus]:
    with transaction() as session:
        return executions.find_progress(session, execution_id) or ("", ExecutionStatus.FAILED)
