"""The client: every call takes a copy, puts it into a queue and returns; it never raises, and never waits for a network."""

import atexit
import logging
import os
import weakref
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any
from uuid import uuid4

from attune_client.batches import BatchRun
from attune_client.buffer import Buffer, Stats
from attune_client.rows import SMALL, Taken, as_line, now
from attune_client.sender import Pace, Sender
from attune_client.transport import Transport

log = logging.getLogger("attune_client")

_clients: "weakref.WeakSet[Client]" = weakref.WeakSet()


class Client:
    """Sends rows to Attune with an API key that has the scope `ingest`. One for a whole program; every thread may use it."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        app: str | None = None,
        environment: str | None = None,
        release: str | None = None,
        queue_rows: int = 10_000,
        queue_bytes: int = 64 * 2**20,
        timeout_s: float = 10.0,
        exit_timeout_s: float = 5.0,
        pace: Pace | None = None,
    ) -> None:
        """Begin to wait for rows.

        `app`, `environment` and `release` go into every row that names no others; `exit_timeout_s` bounds how long the end of
        the program waits for what has not been sent.
        """
        common = {"app": app, "environment": environment, "release": release}
        self._common = {name: value for name, value in common.items() if value is not None}
        self._queue, self._where, self._pace = (queue_rows, queue_bytes), (url, key, timeout_s), pace or Pace()
        self._exit_timeout_s = exit_timeout_s
        self._begin()
        self._start()
        _clients.add(self)
        atexit.register(self._end)

    def track(
        self,
        event_type: str,
        *,
        user_id: str | None = None,
        session_id: str | None = None,
        event_data: Mapping[str, object] | None = None,
        error_code: str | None = None,
        error_message: str | None = None,
        **fields: object,
    ) -> None:
        """Send an event. Every field of the API may be named, `created_at` and `id` too; others are kept."""
        given = {"event_type": event_type, "user_id": user_id, "session_id": session_id, "event_data": event_data}
        self._put("events", {**given, "error_code": error_code, "error_message": error_message, **fields})

    def record_ai_request(
        self,
        model: str,
        *,
        provider: str | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        total_latency_ms: int | None = None,
        first_token_ms: int | None = None,
        user_id: str | None = None,
        conversation_id: str | None = None,
        error_type: str | None = None,
        **fields: object,
    ) -> None:
        """Send a request that was made to a model. Without `cost_usd` Attune prices it itself."""
        given = {"model": model, "provider": provider, "input_tokens": input_tokens, "output_tokens": output_tokens}
        given |= {"total_latency_ms": total_latency_ms, "first_token_ms": first_token_ms, "error_type": error_type}
        self._put("ai-requests", {**given, "user_id": user_id, "conversation_id": conversation_id, **fields})

    def record_conversation(
        self, id: str, messages: Iterable[Mapping[str, object]], *, user_id: str | None = None, **fields: object
    ) -> None:
        """Send a conversation, or what is new of it. Messages that are sent again are known by their `id`."""
        try:
            given = list(messages)
        except Exception as refused:  # noqa: BLE001  whatever the host has given
            self._refuse(refused)
            return
        self._put("conversations", {"id": id, "messages": given, "user_id": user_id, "updated_at": now(), **fields})

    def feedback(
        self,
        rating: int,
        *,
        message_id: str | None = None,
        conversation_id: str | None = None,
        user_id: str | None = None,
        comment: str | None = None,
        **fields: object,
    ) -> None:
        """Send what a user thinks of an answer: -1 or 1, or 1 to 5 with `scale="five"`."""
        given = {"rating": rating, "message_id": message_id, "conversation_id": conversation_id}
        self._put("feedback", {**given, "user_id": user_id, "comment": comment, **fields})

    def batch_run(
        self, job: str, *, total_jobs: int | None = None, triggered_by: str | None = None, **fields: object
    ) -> BatchRun:
        """Return a context manager that tells of one run of a job: `with client.batch_run("nightly") as run:`."""
        facts = {"total_jobs": total_jobs, "triggered_by": triggered_by, **fields}
        run = BatchRun(self._put_run, job, uuid4().hex, facts)
        self._runs.add(run)
        return run

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until everything so far has been sent, or given up; return whether it has."""
        if not self._buffer.stats().waiting:
            return True
        self._start()
        return self._sender.is_started and self._buffer.flush(timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """Flush, and take no more rows; what is left after the timeout is dropped."""
        self.flush(timeout_s)
        self._buffer.close()
        self._sender.join(0.2)
        atexit.unregister(self._end)

    def stats(self) -> Stats:
        """Return what became of the rows so far."""
        return self._buffer.stats()

    def __enter__(self) -> "Client":
        """Use the client, and close it at the end."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close it."""
        self.close()

    def _begin(self) -> None:
        """Begin with an empty queue and no connection: at first, and in a process that was forked off."""
        self._runs: weakref.WeakSet[BatchRun] = weakref.WeakSet()
        self._buffer = Buffer(*self._queue, many=self._pace.batch_rows)
        self._sender = Sender(self._buffer, Transport(*self._where), self._pace, self._beat)

    def _start(self) -> None:
        if not self._sender.is_started:
            try:
                self._sender.start()
            except RuntimeError as refused:  # no thread can be had: at the very end of a program
                log.warning("rows for Attune cannot be sent: %s", refused)

    def _put(self, path: str, row: dict[str, Any]) -> None:
        try:
            self._start()
            taken = Taken()
            given = {name: taken.copy(value) for name, value in row.items() if value is not None}
            identified = {"id": uuid4().hex, "created_at": now()} if path != "batch-runs" else {}
            whole = {**self._common, **identified, **given}
            self._buffer.put(path, as_line(whole) if taken.size < SMALL else whole, taken.size)
        except Exception as refused:  # noqa: BLE001  nothing of ours may raise into the host
            self._refuse(refused)

    def _put_run(self, state: dict[str, Any]) -> None:
        self._put("batch-runs", state)

    def _refuse(self, why: object) -> None:
        self._buffer.refuse()
        log.debug("a row for Attune could not be taken: %r", why)

    def _beat(self) -> None:
        for run in list(self._runs):
            run.report()

    def _end(self) -> None:
        self.close(self._exit_timeout_s)


def _after_fork() -> None:
    # The parent sends what it had; its threads, locks and connections are none of a child's.
    for client in list(_clients):
        client._begin()  # noqa: SLF001  of this file


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
