"""Wait for the answers of claimed runs: of models in this process, or of services."""

import threading
import time
from contextlib import suppress
from uuid import UUID

from sqlalchemy.orm import Session

from core.database.db import read_session, transaction
from core.evaluations.runs.work_items import ClaimedRun, TakenEvaluation
from core.evaluations.service import call_answers
from core.executions import queries, runner
from core.executions.answer_buffers import AnswerBuffer
from core.executions.errors import ExecutionMissing
from core.executions.schemas import ExecutionStatus
from core.executions.service import executions as calls
from core.platform.config import config
from core.scoring.schemas import ScoredAnswer

SERVICE_LOOK_INTERVAL_S = 0.3


class CallWaiter:
    """The calls in progress of one slice; they can be cancelled together."""

    def __init__(self, taken: TakenEvaluation, *, at_once: int = 1) -> None:
        self._taken = taken
        self._turns = threading.Semaphore(at_once)
        self._calls: dict[UUID, AnswerBuffer] = {}
        self._lock = threading.Lock()
        self._cancelled = threading.Event()

    def cancel_all(self) -> None:
        """Cancel the calls in progress; their runs are given back."""
        if self._cancelled.is_set():
            return
        self._cancelled.set()
        with self._lock:
            running = list(self._calls)
        for execution_id in running:
            self._cancel(execution_id)

    def answer(self, claimed: ClaimedRun) -> ScoredAnswer | None:
        """Return the answer of a claimed run, or its error; None when it was cancelled."""
        if claimed.execution is None:
            return self._of_service(claimed)
        if self._cancelled.is_set():
            # The claim has stored a pending call, which would else wait forever
            self._cancel(claimed.execution.id)
            return None
        turn = _Turn(self._turns)
        stored: list[ScoredAnswer | None] = []

        def store(session: Session, execution_id: UUID) -> None:
            turn.end()  # the call is over; storing it does not keep the next one waiting
            with suppress(ExecutionMissing):  # the account was removed, and its evaluation with it
                view = queries.get_execution(session, execution_id, owner=self._taken.actor.id)
                stored[:] = [call_answers.store(session, claimed, view)]

        with turn:
            has_changed = threading.Event()
            buffer = runner.current().launch(claimed.execution, store)
            with self._lock:
                self._calls[buffer.id] = buffer
            unsubscribe = buffer.subscribe(has_changed.set)
            try:
                is_late = self._wait(buffer, has_changed)
            finally:
                unsubscribe()
                with self._lock:
                    self._calls.pop(buffer.id, None)
        if is_late:
            limit_s = config().evaluation_call_timeout_s
            return ScoredAnswer(error=f"No answer within {limit_s} s.")
        if stored:
            return stored[0]
        # Its end could not be stored with the answer: the call counts as failed
        error = buffer.outcome.error if buffer.outcome else None
        return ScoredAnswer(error=error.detail) if error else None

    def _wait(self, buffer: AnswerBuffer, has_changed: threading.Event) -> bool:
        """Wait for the end of a call; return whether it was cancelled because it took too long."""
        limit_s = config().evaluation_call_timeout_s
        started_at, was_queued = time.monotonic(), False
        while buffer.outcome is None:
            if self._cancelled.is_set():
                self._cancel(buffer.id)
                return False
            is_queued = buffer.queue_position is not None
            if is_queued or was_queued:  # its time begins with its turn
                started_at, was_queued = time.monotonic(), is_queued
            elif time.monotonic() >= started_at + limit_s:
                self._cancel(buffer.id)
                return True
            has_changed.wait(1.0)
            # Cleared before the outcome is read again, so that no change is missed
            has_changed.clear()
        return False

    def _cancel(self, execution_id: UUID) -> None:
        with transaction() as session:
            calls.cancel(session, execution_id, text=None, actor=self._taken.actor)

    def _of_service(self, claimed: ClaimedRun) -> ScoredAnswer | None:
        """Wait for a service's callback; its timeout ends the execution, too."""
        execution_id = claimed.execution_id
        if execution_id is None:
            return None
        while not self._cancelled.wait(SERVICE_LOOK_INTERVAL_S):
            with read_session() as session:
                progress = queries.find_progress(session, execution_id)
            if progress is None:
                return ScoredAnswer(error="The call was removed.")
            if progress.status is not ExecutionStatus.PENDING:
                with transaction() as session:
                    owner = self._taken.actor.id
                    view = queries.get_execution(session, execution_id, owner=owner)
                    return call_answers.store(session, claimed, view)
        return None


class _Turn:
    """One of the calls at once, held until the call is over."""

    def __init__(self, turns: threading.Semaphore) -> None:
        self._turns = turns
        self._lock = threading.Lock()
        self._is_held = False

    def __enter__(self) -> None:
        self._turns.acquire()
        self._is_held = True

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Let another call begin; a second time has no effect."""
        with self._lock:
            if self._is_held:
                self._is_held = False
                self._turns.release()
