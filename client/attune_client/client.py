"""The client: every call queues a copy of its row and returns; it never raises, never waits."""

import atexit
import logging
import os
import weakref
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import partial
from multiprocessing.util import Finalize, register_after_fork
from types import TracebackType
from typing import Any
from uuid import uuid4

from attune_client.answers import AnswerCase
from attune_client.batches import BatchRun
from attune_client.buffer import Buffer, Stats
from attune_client.console import Console
from attune_client.evaluations import EvaluationPlan, evaluate
from attune_client.gates import EvaluationOutcome
from attune_client.prompts import NO_VALUES, Prompt, Prompts, Values, fetch, fill
from attune_client.rows import CONVERSATIONS, copy_row, now
from attune_client.sender import Pace, Sender
from attune_client.transport import Transport

log = logging.getLogger("attune_client")

_clients: "weakref.WeakSet[Client]" = weakref.WeakSet()


class Client:
    """Sends rows to Attune with an API key of the scope `ingest`.

    One per program; all threads may use it.
    """

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
        prompt_refresh_s: float = 60.0,
    ) -> None:
        """Start with an empty queue.

        `app`, `environment` and `release` are added to every row without these; `exit_timeout_s`
        limits how long the end of the program waits for unsent rows.
        """
        common = {"app": app, "environment": environment, "release": release}
        self._common = {name: value for name, value in common.items() if value is not None}
        self._queue, self._where = (queue_rows, queue_bytes), (url, key, timeout_s)
        self._pace = pace or Pace()
        self._exit_timeout_s = exit_timeout_s
        self._prompts = Prompts(partial(fetch, Transport(url, key, timeout_s)), prompt_refresh_s)
        self._begin()
        self._start()
        _clients.add(self)
        atexit.register(self._end)  # daemon threads end with the program
        self._end_with_child()
        register_after_fork(self, Client._end_with_child)

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
        """Send an event.

        All fields of the API may be given, including `created_at` and `id`; unknown ones are stored
        as extra.
        """
        row = {"event_type": event_type, "user_id": user_id, "session_id": session_id}
        errors = {"error_code": error_code, "error_message": error_message}
        self._put("events", {**row, "event_data": event_data, **errors, **fields})

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
        prompt: Mapping[str, object] | None = None,
        experiment: Mapping[str, object] | None = None,
        **fields: object,
    ) -> None:
        """Send a request that was made to a model. Without `cost_usd`, Attune prices it.

        `prompt` is `{"name", "version"}` or `{"name", "label"}`, `experiment` `{"key", "arm"}`.
        """
        row: dict[str, object] = {
            "model": model,
            "provider": provider,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "total_latency_ms": total_latency_ms,
            "first_token_ms": first_token_ms,
            "error_type": error_type,
            "prompt": prompt,
            "experiment": experiment,
        }
        self._put(
            "ai-requests", {**row, "user_id": user_id, "conversation_id": conversation_id, **fields}
        )

    def record_conversation(
        self,
        id: str,
        messages: Iterable[Mapping[str, object]],
        *,
        user_id: str | None = None,
        prompt: Mapping[str, object] | None = None,
        experiment: Mapping[str, object] | None = None,
        **fields: object,
    ) -> None:
        """Send a conversation, or its new messages. Messages are identified by their `id`.

        `prompt` and `experiment` are those of the assistant's messages that name none.
        """
        try:
            message_list = list(messages)
        except Exception as error:  # noqa: BLE001  any error of the host's iterable
            self._refuse(error)
            return
        row = {"id": id, "messages": message_list, "user_id": user_id, "updated_at": now()}
        self._put(CONVERSATIONS, {**row, "prompt": prompt, "experiment": experiment, **fields})

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
        """Send a user's rating of an answer: -1 or 1, or 1 to 5 with `scale="five"`."""
        row = {"rating": rating, "message_id": message_id, "conversation_id": conversation_id}
        self._put("feedback", {**row, "user_id": user_id, "comment": comment, **fields})

    def score(
        self,
        name: str,
        value: float | Decimal | str,
        *,
        message_id: str | None = None,
        conversation_id: str | None = None,
        ai_request_id: str | None = None,
        comment: str | None = None,
        **fields: object,
    ) -> None:
        """Send a score, a number or a label, of a message, a conversation or an AI request.

        `source` says what set it: rule, judge, person, or api, the default.
        """
        number = float(value) if isinstance(value, Decimal) and value.is_finite() else value
        row = {"name": name, "label" if isinstance(value, str) else "value": number}
        subject = {"message_id": message_id, "conversation_id": conversation_id}
        self._put(
            "scores",
            {**row, **subject, "ai_request_id": ai_request_id, "comment": comment, **fields},
        )

    def prompt(
        self, name: str, /, label: str = "production", variables: Values = NO_VALUES, **more: object
    ) -> Prompt:
        """Return a prompt with its values in place; the key needs the scope `execute`.

        `variables` has values by name, also those that keywords cannot name, such as `label`. The
        first call reads the prompt from Attune and may raise PromptUnavailable. Later ones return
        at once with the last text that was read, which is refreshed in the background. Raises
        ValueError for a value that is missing.
        """
        return fill(self._prompts.get(name, label), label, {**variables, **more})

    def evaluate(self, dataset: str, answer: AnswerCase, **options: Any) -> EvaluationOutcome:  # noqa: ANN401
        """Have `answer` answer the cases of a dataset, and return the figures that Attune finds.

        The key needs the scope `execute`; the options are those of EvaluationPlan. Unlike the other
        calls, it waits, and raises EvaluationFailed.
        """
        own = {name: self._common.get(name) for name in ("app", "release")}
        plan = EvaluationPlan(dataset, **{**own, **options})
        return evaluate(Console(*self._where[:2]), plan, answer)

    def batch_run(
        self,
        job: str,
        *,
        total_jobs: int | None = None,
        triggered_by: str | None = None,
        **fields: object,
    ) -> BatchRun:
        """Return a context manager for a run of a job: `with client.batch_run("nightly"):`."""
        facts = {"total_jobs": total_jobs, "triggered_by": triggered_by, **fields}
        run = BatchRun(partial(self._put, "batch-runs"), job, uuid4().hex, facts)
        self._runs.add(run)
        return run

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until all rows so far are sent or dropped; return whether they are."""
        if not self._buffer.stats().waiting:
            return True
        self._start()
        return self._sender.is_started and self._buffer.flush(timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """Flush, and accept no more rows; rows that remain after the timeout are dropped."""
        self.flush(timeout_s)
        self._buffer.close()
        self._sender.join(0.2)
        atexit.unregister(self._end)
        self._ending.cancel()

    def stats(self) -> Stats:
        """Return the counts of rows by outcome."""
        return self._buffer.stats()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _begin(self) -> None:
        """Start with an empty queue and no connection: at first, and in a forked process."""
        self._prompts.begin()
        self._runs: weakref.WeakSet[BatchRun] = weakref.WeakSet()
        self._buffer = Buffer(*self._queue, many=self._pace.batch_rows)
        self._sender = Sender(self._buffer, Transport(*self._where), self._pace, self._beat)

    def _start(self) -> None:
        if not self._sender.is_started:
            try:
                self._sender.start()
            except RuntimeError as error:  # threads cannot be started at the very end of a program
                log.warning("rows for Attune cannot be sent: %s", error)

    def _put(self, path: str, row: dict[str, Any]) -> None:
        try:
            self._start()
            self._buffer.put(path, *copy_row(path, row, self._common))
        except Exception as error:  # noqa: BLE001  nothing of ours may raise into the host
            self._refuse(error)

    def _refuse(self, error: object) -> None:
        self._buffer.refuse()
        log.debug("a row for Attune could not be taken: %r", error)

    def _beat(self) -> None:
        for run in list(self._runs):
            run.report()

    def _end_with_child(self) -> None:
        # A child of multiprocessing ends without atexit, and forgets its parent's finalizers
        self._ending = Finalize(None, self._end, exitpriority=0)

    def _end(self) -> None:
        self.close(self._exit_timeout_s)


def _after_fork() -> None:
    # The parent sends its rows; a forked child cannot use its threads, locks and connections.
    for client in list(_clients):
        client._begin()  # noqa: SLF001  of this file


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
