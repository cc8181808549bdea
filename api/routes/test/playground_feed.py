"""Follow a playground session over a websocket, from the console or a program.

Every message has a number: the session's revision times 2^20, plus the number of characters within
a growing answer. The server keeps no state for it: any process can send what came after a number,
also after a restart. Characters are code points.
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

from api.access.revocation import Rights
from core.database import bus
from core.database.db import transaction
from core.errors import Unavailable
from core.executions import queries as executions
from core.executions.answer_buffers import BufferSnapshot, CrossThreadEvent
from core.executions.runner import current
from core.executions.schemas import ExecutionStatus
from core.executions.service import executions as executions_service
from core.executions.service import provider_turns
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.playground import message_rows, queries
from core.playground.schemas import PlaygroundMessageView
from core.playground.sharing import queries as readable

# Above the 1,000,000 characters that an answer may have
STEP = 1 << 20
FRAME_S = 0.016  # changes within one frame of a screen are sent together
# 4000 to 4999 are free for applications (RFC 6455)
NOT_SIGNED_IN, SESSION_MISSING, INTERNAL_ERROR = 4401, 4404, 1011

log = logging.getLogger("attune.api")


@dataclass(frozen=True)
class FeedState:
    """The session as it was last read: revision, changed messages, pending answer."""

    revision: int
    changed: list[PlaygroundMessageView]
    pending: PlaygroundMessageView | None


async def serve(
    websocket: WebSocket, session_id: UUID, *, after: int | None, actor: Actor | None
) -> None:
    """Follow a session until the client leaves, or the actor's permission ends."""
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
    outcome, _ = await asyncio.gather(sending, leaving, return_exceptions=True)
    if isinstance(outcome, Exception) and not isinstance(outcome, WebSocketDisconnect):
        log.error("a feed broke", exc_info=outcome)
        feed.close_code = INTERNAL_ERROR
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # it is already closed
        await websocket.close(feed.close_code)


async def _until_gone(websocket: WebSocket) -> None:
    # Only by receiving does a server learn that a client has left; what it sends is ignored
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


class Feed:
    """One client that follows a session."""

    def __init__(
        self, websocket: WebSocket, session_id: UUID, actor: Actor, after: int | None
    ) -> None:
        """Start after a message number, or with the current state when None."""
        self.websocket, self.session_id, self.actor = websocket, session_id, actor
        self.close_code = 1000
        self._bell = CrossThreadEvent()
        # What the client has: a revision of the session, and the number of characters of the
        # pending answer.
        self._revision: int | None = None
        self._position = 0
        self._queue_position: int | None = None
        if after is not None:
            self._revision, self._position = divmod(after, STEP)
        self._state: FeedState | None = None
        self._must_read = True
        self._sent_at = 0.0
        self._rights = Rights(actor, self._bell.ring)

    async def send(self) -> None:
        """Send changes until the task is cancelled or the permission ends."""
        unsubscribes = [
            bus.subscribe(message_rows.topic(self.session_id), self._on_change),
            bus.subscribe(executions_service.PROGRESS, self._on_progress),
            bus.subscribe(provider_turns.QUEUE, self._on_queue),
            self._rights.unsubscribe,
        ]
        try:
            while await self._send_once():
                await self._bell.heard(self._rights.due_in_s)
                await self.finish_frame()
        finally:
            for unsubscribe in unsubscribes:
                unsubscribe()

    async def finish_frame(self) -> None:
        """Wait until a frame has passed since the last message."""
        if (remaining_s := self._sent_at + FRAME_S - time.monotonic()) > 0:
            await asyncio.sleep(remaining_s)

    def _on_change(self, _hint: bus.Hint) -> None:
        self._must_read = True
        self._bell.ring()

    def _on_progress(self, hint: bus.Hint) -> None:
        """Wake for an answer that another process writes, or that this one has just started."""
        pending = self._state.pending if self._state else None
        if hint is None or (pending is not None and pending.job_id == hint["id"]):
            self._bell.ring()

    def _on_queue(self, _hint: bus.Hint) -> None:
        """Wake for an answer that waits in another process; one of this process wakes by itself."""
        if self._queue_position is not None:
            self._bell.ring()

    async def _send_once(self) -> bool:
        """Send changes; return whether to continue."""
        try:
            return await self._send_new()
        except Unavailable:
            self._must_read = True  # the database is unavailable: the next round reads again
            await asyncio.sleep(1.0)
            self._bell.ring()
            return True

    async def _send_new(self) -> bool:
        if not await self._rights.hold():
            self.close_code = NOT_SIGNED_IN
            return False
        if self._must_read or self._state is None:
            # Before the read: what changes during it is read in the next round
            self._must_read = False
            new_state = await run_in_threadpool(self._read_state)
            if new_state is None:
                self.close_code = SESSION_MISSING
                return False
            await self._send_changes(new_state)
        await self._send_tokens()
        return True

    def _read_state(self) -> FeedState | None:
        with transaction() as session:
            # A column, so that it rises over restarts: else open tabs would never wake
            revision = readable.find_revision(session, self.session_id, account=self.actor.id)
            if revision is None:
                return None
            from_revision = self._revision if self._revision is not None else revision
            # A number that was never assigned comes from another database: start from the
            # beginning.
            since = from_revision if 0 <= from_revision <= revision else 0
            changed = queries.list_messages_since(session, self.session_id, since)
            pending = queries.find_pending_view(session, self.session_id)
        # Changes after the revision was read are sent in the next round.
        ended = [
            message
            for message in changed
            if message.status not in (None, ExecutionStatus.PENDING)
            and message.revision <= revision
        ]
        return FeedState(revision, ended, pending)

    async def _send_changes(self, new_state: FeedState) -> None:
        for message in new_state.changed:
            await self.send_message(_response(self.session_id, message))
        pending, last_pending = new_state.pending, self._state.pending if self._state else None
        is_same = pending is not None and (
            pending.id == last_pending.id if last_pending else pending.revision == self._revision
        )
        self._position = self._position if is_same else 0
        self._revision, self._state = new_state.revision, new_state
        number = new_state.revision * STEP + (
            self._position if pending and pending.revision == new_state.revision else 0
        )
        pending_ids = {"message_id": str(pending.id), "job_id": pending.job_id} if pending else None
        await self.send_message(
            {
                "type": "playground_session",
                "n": number,
                "revision": new_state.revision,
                "pending": pending_ids,
            }
        )

    async def _send_tokens(self) -> None:
        pending = self._state.pending if self._state else None
        if pending is None:
            self._queue_position = None
            return
        snapshot = await self._new_text(pending)
        await self._send_queue_position(pending, snapshot.queue_position)
        if not snapshot.text:
            return
        token = {
            "type": "playground_token",
            "n": pending.revision * STEP + min(snapshot.end, STEP - 1),
            "message_id": str(pending.id),
            "at": self._position,
            "text": snapshot.text,
        }
        self._position = snapshot.end
        await self.send_message(token)

    async def _send_queue_position(
        self, pending: PlaygroundMessageView, queue_position: int | None
    ) -> None:
        """Send where the call waits at its provider, and null when it waits no longer."""
        if queue_position == self._queue_position:
            return
        self._queue_position = queue_position
        await self.send_message(
            {
                "type": "playground_queue",
                "n": pending.revision * STEP + self._position,
                "message_id": str(pending.id),
                "position": queue_position,
            }
        )

    async def _new_text(self, pending: PlaygroundMessageView) -> BufferSnapshot:
        execution_id = UUID(pending.job_id or "")
        buffer = current().find(execution_id)
        if buffer is not None:
            # Subscribing the same bell twice has no effect; the buffer is dropped soon after its
            # end.
            buffer.subscribe(self._bell.ring)
            return buffer.since(self._position)
        stored = await run_in_threadpool(_stored, execution_id)
        return BufferSnapshot(
            stored.text[self._position :],
            len(stored.text),
            stored.status,
            queue_position=stored.queue_position,
        )

    async def send_message(self, message: dict[str, Any]) -> None:
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


def _stored(execution_id: UUID) -> executions.Progress:
    with transaction() as session:
        stored = executions.find_progress(session, execution_id)
    return stored or executions.Progress("", ExecutionStatus.FAILED, None)
