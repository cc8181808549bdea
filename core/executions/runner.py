"""Make model calls in threads of the process, independent of the page that started them.

It opens transactions of its own: one before the call, one after it, none in between.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from core.database import bus
from core.database.db import single_statement, transaction
from core.errors import StartRefused, Unavailable
from core.executions import model_call, queries
from core.executions.answer_buffers import AnswerBuffer
from core.executions.errors import TooManyAtOnce
from core.executions.progress import ProgressWriter
from core.executions.schemas import (
    INTERRUPTED,
    CallOutcome,
    ExecutionError,
    ExecutionStatus,
    ExecutionView,
    NewExecution,
    PendingExecution,
)
from core.executions.service import executions as service
from core.executions.tools.toolboxes import Toolbox
from core.identity.schemas import Actor
from core.quotas.queries import known_applying

log = logging.getLogger("attune.executions")

MAX_CONCURRENT_CALLS = 160
ENDED_BUFFER_TTL_S = 30.0
# Two minutes in all, in which a database has restarted
STORE_RETRY_WAITS_S = (0.2, 0.5, 1, 2, 3, 5, 5, 10, 10, 10, 15, 15, 15, 30)
INTERNAL_ERROR = ExecutionError(
    code="internal",
    reason="internal",
    detail="Internal error. The server log has details under this execution ID.",
)

OnFinish = Callable[[Session, UUID], None]
StartedCall = tuple[PendingExecution, AnswerBuffer]


class Runner:
    """The model calls of this process."""

    def __init__(self, instance: UUID) -> None:
        """Run calls for the installation with this id."""
        self.instance = instance
        self._pool = ThreadPoolExecutor(MAX_CONCURRENT_CALLS, thread_name_prefix="execution")
        self._live: dict[UUID, AnswerBuffer] = {}
        self._ended: OrderedDict[UUID, tuple[float, AnswerBuffer]] = OrderedDict()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._writer = ProgressWriter(self._running, self._cancel, self._stopping)
        self._unsubscribe = bus.subscribe(service.CANCELLED, self._on_cancelled)

    def start(self) -> None:
        """Fail calls that the last run left pending, and start storing progress."""
        with transaction() as session:
            interrupted = service.fail_interrupted(session, self.instance)
        if interrupted:
            log.warning(
                "executions were interrupted by the last stop", extra={"executions": interrupted}
            )
        self._writer.start()

    def stop(self, grace_s: float, hurry: threading.Event | None = None) -> None:
        """Wait up to `grace_s` for running answers, unless `hurry` is set, then fail the rest as
        interrupted.

        A second call has no effect.
        """
        self._unsubscribe()
        hurry_event, deadline = hurry or threading.Event(), time.monotonic() + grace_s
        while self._running() and time.monotonic() < deadline and not hurry_event.wait(0.05):
            pass
        self._stopping.set()
        # A provider that hangs must not hold up the stop
        self._pool.shutdown(wait=False, cancel_futures=True)
        # Stored and ended before they are cancelled: a cancelled call is no longer listed, and
        # notifies no subscriber.
        running = self._running()
        self._interrupt(running)
        for buffer in running:
            buffer.cancel_token.cancel()

    def _interrupt(self, running: list[AnswerBuffer]) -> None:
        """Store how much of each answer has arrived, and end the buffers."""
        try:
            with transaction() as session:
                for buffer in running:
                    service.write_progress(session, buffer.id, buffer.text)
                service.fail_interrupted(session, self.instance)
        except Unavailable:
            log.warning("database unavailable: the next start fails the interrupted executions")
        for buffer in running:
            buffer.end(_failed(buffer, INTERRUPTED))

    def launch(
        self, execution: PendingExecution, on_finish: OnFinish | None = None
    ) -> AnswerBuffer:
        """Make a call whose row is committed; return the buffer of its answer."""
        buffer = self._open(execution.id)
        # Readers that came before the buffer existed look again
        bus.notify_locally(service.PROGRESS, id=execution.id)
        with suppress(RuntimeError):  # stopped meanwhile: the buffer has ended already
            self._pool.submit(self._run, execution, buffer, on_finish)
        return buffer

    def submit(
        self,
        new_execution: NewExecution,
        *,
        actor: Actor,
        toolbox: Toolbox | None = None,
        started: Future[StartedCall] | None = None,
    ) -> Future[ExecutionView]:
        """Store a call and make it in a thread of the runner; return a future of its result."""
        self.reserve()

        def execute() -> ExecutionView:
            execution = self.begin(new_execution, actor=actor, toolbox=toolbox)
            buffer = self._open(execution.id)
            if started is not None:
                started.set_result((execution, buffer))
            self._run(execution, buffer, None)
            return execution.view(buffer.outcome or _failed(buffer, INTERNAL_ERROR))

        return self._pool.submit(execute)

    def begin(
        self, new_execution: NewExecution, *, actor: Actor, toolbox: Toolbox | None = None
    ) -> PendingExecution:
        """Store a call as pending."""
        quotas = known_applying(actor)
        reserves = quotas != () or new_execution.cost_limit_usd is not None or new_execution.cache
        # Storing a call is one statement, unless quotas, a cost limit or the cache need more
        with transaction() if reserves else single_statement() as session:
            return service.begin(
                session,
                new_execution,
                instance=self.instance,
                actor=actor,
                toolbox=toolbox,
                quotas=quotas,
            )

    def reserve(self) -> None:
        """Raise TooManyAtOnce when no thread is free, Unavailable when Attune is shutting down."""
        if self._stopping.is_set():
            raise Unavailable("Attune is shutting down. Try again in a few seconds.")
        if len(self._live) >= MAX_CONCURRENT_CALLS:
            raise TooManyAtOnce

    def find(self, execution_id: UUID) -> AnswerBuffer | None:
        """Return the buffer of a call of this process, until 30 s after its end; else None."""
        ended = self._ended.get(execution_id)
        return self._live.get(execution_id) or (ended[1] if ended else None)

    def text_of(self, execution_id: UUID) -> str | None:
        """Return the text so far of a call of this process, or None."""
        buffer = self.find(execution_id)
        return buffer.text if buffer is not None else None

    def _open(self, execution_id: UUID) -> AnswerBuffer:
        buffer = AnswerBuffer(execution_id)
        with self._lock:
            self._live[execution_id] = buffer
        if self._stopping.is_set():  # `stop` has already read the list
            buffer.end(_failed(buffer, INTERRUPTED))
            buffer.cancel_token.cancel()
        return buffer

    def _running(self) -> list[AnswerBuffer]:
        with self._lock:
            return [buffer for buffer in self._live.values() if buffer.outcome is None]

    def _run(
        self, execution: PendingExecution, buffer: AnswerBuffer, on_finish: OnFinish | None
    ) -> None:
        """Make a call and store its outcome: an answer must end, whatever happens."""
        try:
            outcome = model_call.make(execution, buffer)
            if outcome.status is ExecutionStatus.CANCELLED and self._stopping.is_set():
                return  # `stop` has stored it as interrupted
            buffer.end(self._store(execution, outcome, on_finish))
        except Exception:
            log.exception("an execution broke", extra={"execution": str(execution.id)})
            outcome = _failed(buffer, INTERNAL_ERROR)
            try:  # without `on_finish`: the outbox notifies the feature that waits for the call
                self._store(execution, outcome, None)
            finally:
                buffer.end(outcome)
        finally:
            self._keep_for_readers(buffer)

    def _store(
        self, execution: PendingExecution, outcome: CallOutcome, on_finish: OnFinish | None
    ) -> CallOutcome:
        """Store the outcome, with retries during an outage; return it, or that it was cancelled."""
        is_alone = on_finish is None and _ends_alone(execution)
        for pause_s in (0.0, *STORE_RETRY_WAITS_S):
            if pause_s and self._stopping.wait(pause_s):
                return outcome  # the next start fails it as interrupted
            try:
                with single_statement() if is_alone else transaction() as session:
                    is_finished = service.finish(session, execution, outcome)
                    # A commit whose answer was lost has stored it before this try
                    is_finished = is_finished or _is_stored(session, execution, outcome)
                    if on_finish is not None:
                        on_finish(session, execution.id)
                return outcome if is_finished else _cancelled(outcome)
            except Unavailable:
                log.warning(
                    "an outcome could not be stored yet", extra={"execution": str(execution.id)}
                )
        return outcome

    def _keep_for_readers(self, buffer: AnswerBuffer) -> None:
        """Keep an ended buffer for 30 s for late readers, and drop older ones."""
        now = time.monotonic()
        with self._lock:
            self._live.pop(buffer.id, None)
            self._ended[buffer.id] = (now + ENDED_BUFFER_TTL_S, buffer)
            while self._ended and next(iter(self._ended.values()))[0] < now:
                self._ended.popitem(last=False)

    def _on_cancelled(self, hint: bus.Hint) -> None:
        """Cancel a call on a notification, from this process or another."""
        if hint is None:
            self._writer.check_cancelled()  # the hint may have been lost
            return
        self._cancel(UUID(hint["id"]))

    def _cancel(self, execution_id: UUID) -> None:
        buffer = self.find(execution_id)
        if buffer is not None:
            buffer.end(
                CallOutcome(ExecutionStatus.CANCELLED, buffer.text, finish_reason="cancelled")
            )
            buffer.cancel_token.cancel()


_current: Runner | None = None


def use(runner: Runner) -> None:
    """Set the runner of this process."""
    global _current
    _current = runner


def current() -> Runner:
    """Return the runner of this process; raise StartRefused when startup has not set it."""
    if _current is None:
        raise StartRefused("The runner was not started before its first use.")
    return _current


def execute(
    new_execution: NewExecution, *, actor: Actor, toolbox: Toolbox | None = None
) -> tuple[PendingExecution, AnswerBuffer]:
    """Store a call and make it; return its row and the buffer of its answer."""
    runner = current()
    runner.reserve()
    execution = runner.begin(new_execution, actor=actor, toolbox=toolbox)
    return execution, runner.launch(execution)


def _failed(buffer: AnswerBuffer, error: ExecutionError) -> CallOutcome:
    return CallOutcome(ExecutionStatus.FAILED, buffer.text, tuple(buffer.tools), error=error)


def _ends_alone(execution: PendingExecution) -> bool:
    """Whether nothing but its row changes with the end of a call."""
    is_of_session = execution.new_execution.session_id is not None
    return not (execution.quotas or is_of_session)


def _is_stored(session: Session, execution: PendingExecution, outcome: CallOutcome) -> bool:
    found = queries.find_progress(session, execution.id)
    return found is not None and found.status is outcome.status


def _cancelled(outcome: CallOutcome) -> CallOutcome:
    return replace(outcome, status=ExecutionStatus.CANCELLED, finish_reason="cancelled")
