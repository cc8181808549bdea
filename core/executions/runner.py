"""Make model calls in threads of the process, not of a page. It opens transactions of its own.

started is stored before, finished after, and nothing is held open in between.
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
from core.database.db import transaction
from core.database.tables import storable
from core.errors import Failure, ProviderFailed, StartRefused, Unavailable
from core.executions import service
from core.executions.buffers import AnswerBuffer
from core.executions.errors import TooManyAtOnce
from core.executions.progress import ProgressWriter
from core.executions.schemas import CallOutcome, ExecutionError, ExecutionStatus, ExecutionView, NewExecution
from core.executions.service import StartedCall
from core.identity.schemas import Actor
from core.providers import gateway, prices
from core.providers.chunks import TextChunk, Usage
from core.providers.errors import Cut

log = logging.getLogger("attune.executions")

AT_ONCE = 160
KEEP_ENDED_S = 30.0
STORE_AGAIN_AFTER_S = (0.2, 0.5, 1, 2, 3, 5, 5, 10, 10, 10, 15, 15, 15, 30)
BROKEN = ExecutionError(
    code="internal",
    reason="internal",
    detail="Internal error. The server log has details under this execution ID.",
)

OnFinish = Callable[[Session, UUID], None]


class Runner:
    """The calls of this process."""

    def __init__(self, instance: UUID) -> None:
        """Run calls on behalf of this installation."""
        self.instance = instance
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="execution")
        self._live: dict[UUID, AnswerBuffer] = {}
        self._ended: OrderedDict[UUID, tuple[float, AnswerBuffer]] = OrderedDict()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._writer = ProgressWriter(self._running, self._cut, self._stopping)
        self._unsubscribe = bus.subscribe(service.CANCELLED, self._hint_cancelled)

    def start(self) -> None:
        """End what a former life left pending, and begin to write the progress of what runs."""
        with transaction() as session:
            interrupted = service.fail_of_instance(session, self.instance)
        if interrupted:
            log.warning("executions were interrupted by the last stop", extra={"executions": interrupted})
        self._writer.start()

    def stop(self, patience_s: float, hurry: threading.Event | None = None) -> None:
        """Let running answers end, for so long and unless somebody is in a hurry; then end the rest as interrupted.

        A second call finds nothing more to end.
        """
        self._unsubscribe()
        waiting, ends_at = hurry or threading.Event(), time.monotonic() + patience_s
        while self._running() and time.monotonic() < ends_at and not waiting.wait(0.05):
            pass
        self._stopping.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        # Listed and told before they are cut off: a call that is cut off leaves the list by itself, and tells no follower.
        running = self._running()
        self._interrupt(running)
        for buffer in running:
            buffer.cutter.cut()

    def _interrupt(self, running: list[AnswerBuffer]) -> None:
        """Put on record how far they came, and tell who follows them."""
        try:
            with transaction() as session:
                for buffer in running:
                    service.write_progress(session, buffer.id, buffer.text)
                service.fail_of_instance(session, self.instance)
        except Unavailable:
            log.warning("the database is away: the next start ends what was interrupted")
        for buffer in running:
            buffer.end(CallOutcome(ExecutionStatus.FAILED, buffer.text, error=service.INTERRUPTED))

    def launch(self, begun: StartedCall, on_finish: OnFinish | None = None) -> AnswerBuffer:
        """Make a call whose record has been committed; return the buffer in which its answer grows."""
        buffer = self._open(begun.id)
        bus.tell_here(service.PROGRESS, id=begun.id)  # who has looked for the buffer before it was there looks again
        with suppress(RuntimeError):  # stopped meanwhile: the buffer has ended
            self._pool.submit(self._run, begun, buffer, on_finish)
        return buffer

    def ask(self, given: NewExecution, *, actor: Actor) -> Future[ExecutionView]:
        """Put a call on record, make it and wait for its end, all in one thread of the runner's own."""
        self.reserve()
        return self._pool.submit(self._ask, given, actor)

    def _ask(self, given: NewExecution, actor: Actor) -> ExecutionView:
        begun = self.begin(given, actor=actor)
        buffer = self._open(begun.id)
        self._run(begun, buffer, None)
        return service.view_of(begun, buffer.outcome or CallOutcome(ExecutionStatus.FAILED, buffer.text, error=BROKEN))

    def begin(self, given: NewExecution, *, actor: Actor) -> StartedCall:
        """Put a call on record."""
        with transaction() as session:
            return service.begin(session, given, instance=self.instance, actor=actor)

    def reserve(self) -> None:
        """Raise TooManyAtOnce when no thread would be free to make a call, Unavailable when we are to go."""
        if self._stopping.is_set():
            raise Unavailable("Attune is shutting down. Try again in a few seconds.")
        if len(self._live) >= AT_ONCE:
            raise TooManyAtOnce

    def find(self, execution_id: UUID) -> AnswerBuffer | None:
        """Return the buffer of a call that this process runs, or ran a moment ago."""
        ended = self._ended.get(execution_id)
        return self._live.get(execution_id) or (ended[1] if ended else None)

    def text_of(self, execution_id: UUID) -> str | None:
        """Return the text so far of a call that this process runs, else None."""
        buffer = self.find(execution_id)
        return buffer.text if buffer is not None else None

    def _open(self, execution_id: UUID) -> AnswerBuffer:
        buffer = AnswerBuffer(execution_id)
        with self._lock:
            self._live[execution_id] = buffer
        if self._stopping.is_set():  # too late for the list of `stop`
            buffer.end(CallOutcome(ExecutionStatus.FAILED, "", error=service.INTERRUPTED))
            buffer.cutter.cut()
        return buffer

    def _running(self) -> list[AnswerBuffer]:
        with self._lock:
            return [buffer for buffer in self._live.values() if buffer.outcome is None]

    def _run(self, begun: StartedCall, buffer: AnswerBuffer, on_finish: OnFinish | None) -> None:
        """Be a thread's whole life: an answer must end, whatever happens to it."""
        try:
            outcome = self._call(begun, buffer)
            if outcome is not None:
                buffer.end(self._store(begun, outcome, on_finish))
        except Exception:
            log.exception("an execution broke", extra={"execution": str(begun.id)})
            self._break(begun, CallOutcome(ExecutionStatus.FAILED, buffer.text, error=BROKEN), buffer)
        finally:
            self._forget_later(buffer)

    def _break(self, begun: StartedCall, broken: CallOutcome, buffer: AnswerBuffer) -> None:
        """End a call of which we know only that it cannot go on; who stands above it hears of it through the outbox."""
        try:
            self._store(begun, broken, None)
        finally:
            buffer.end(broken)

    def _call(self, begun: StartedCall, buffer: AnswerBuffer) -> CallOutcome | None:
        """Stream the answer into the buffer and return how it ended; None when it was cancelled, which is stored already."""
        started, first_token_ms = time.monotonic(), None
        error: ExecutionError | None = None
        try:
            for chunk in gateway.stream(begun.route, begun.call, buffer.cutter):
                if first_token_ms is None and isinstance(chunk, TextChunk):
                    first_token_ms = _ms_since(started)
                buffer.add(chunk)
        except Cut:
            return None
        except Failure as failure:
            error = _error(failure)
        usage = buffer.usage or _estimated(begun, buffer.length)
        return CallOutcome(
            status=ExecutionStatus.FAILED if error else ExecutionStatus.COMPLETED,
            response=buffer.text,
            tool_executions=tuple(buffer.tools),
            usage=usage,
            cost=prices.cost_of(begun.route.connection, begun.route.model.name, usage) if usage else prices.UNPRICED,
            first_token_ms=first_token_ms,
            execution_time_ms=_ms_since(started),
            finish_reason=storable(buffer.finish_reason or "")[:100] or None,
            error=error,
        )

    def _store(self, begun: StartedCall, outcome: CallOutcome, on_finish: OnFinish | None) -> CallOutcome:
        """Store the outcome, also when the database is away for a while; return it, or that somebody was first."""
        for pause_s in (0.0, *STORE_AGAIN_AFTER_S):
            if pause_s and self._stopping.wait(pause_s):
                return outcome  # the next start ends it as interrupted
            try:
                with transaction() as session:
                    if not service.finish(session, begun, outcome):
                        return replace(outcome, status=ExecutionStatus.CANCELLED, finish_reason="cancelled")
                    if on_finish is not None:
                        on_finish(session, begun.id)
                return outcome
            except Unavailable:
                log.warning("an outcome could not be stored yet", extra={"execution": str(begun.id)})
        return outcome

    def _forget_later(self, buffer: AnswerBuffer) -> None:
        """Keep an ended buffer for readers that are on their way, and drop those whose time is over."""
        now = time.monotonic()
        with self._lock:
            self._live.pop(buffer.id, None)
            self._ended[buffer.id] = (now + KEEP_ENDED_S, buffer)
            while self._ended and next(iter(self._ended.values()))[0] < now:
                self._ended.popitem(last=False)

    def _hint_cancelled(self, hint: bus.Hint) -> None:
        """Stop a call that was cancelled, in this process or another."""
        if hint is None:
            self._writer.look_for_cancelled()  # the hint may have been lost
            return
        self._cut(UUID(hint["id"]))

    def _cut(self, execution_id: UUID) -> None:
        buffer = self.find(execution_id)
        if buffer is not None:
            buffer.end(CallOutcome(ExecutionStatus.CANCELLED, buffer.text, finish_reason="cancelled"))
            buffer.cutter.cut()


_current: Runner | None = None


def use(runner: Runner) -> None:
    """Make `runner` the one of this process."""
    global _current
    _current = runner


def current() -> Runner:
    """Return the runner of this process, which start-up has set."""
    if _current is None:
        raise StartRefused("The runner was not started before its first use.")
    return _current


def execute(given: NewExecution, *, actor: Actor) -> tuple[StartedCall, AnswerBuffer]:
    """Put a call on record and make it; return it, and the buffer in which its answer grows."""
    runner = current()
    runner.reserve()
    begun = runner.begin(given, actor=actor)
    return begun, runner.launch(begun)


def _error(failure: Failure) -> ExecutionError:
    reason = str(failure.facts.get("reason", failure.code)) if isinstance(failure, ProviderFailed) else failure.code
    return ExecutionError(code=failure.code, reason=reason, detail=storable(failure.detail))


def _estimated(begun: StartedCall, length: int) -> Usage | None:
    """Return about how many tokens it was, when the provider did not say: four characters each, and marked as estimated."""
    asked = len(begun.call.system_prompt or "") + sum(len(message.content) for message in begun.call.messages)
    return Usage(input=-(-asked // 4), output=-(-length // 4), is_estimated=True) if length else None


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
