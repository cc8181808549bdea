"""Store every second how much of each answer has arrived, and that the process is alive."""

import threading
import time
from collections.abc import Callable
from uuid import UUID

from core.database.db import transaction
from core.errors import Failure
from core.executions import queries
from core.executions.answer_buffers import AnswerBuffer
from core.executions.service import executions as service

STORE_INTERVAL_S = 1.0
ALIVE_INTERVAL_S = 20.0


class ProgressWriter:
    """A thread that stores progress, and cancels calls whose notification was missed."""

    def __init__(
        self,
        running: Callable[[], list[AnswerBuffer]],
        cancel: Callable[[UUID], None],
        stopping: threading.Event,
    ) -> None:
        """Store the progress of the buffers that `running` returns, until `stopping` is set."""
        self._running, self._cancel, self._stopping = running, cancel, stopping
        self._thread = threading.Thread(target=self._work, name="execution progress", daemon=True)
        self._checks_cancelled = False

    def start(self) -> None:
        self._thread.start()

    def check_cancelled(self) -> None:
        """Read in the next round which calls were cancelled."""
        self._checks_cancelled = True

    def _work(self) -> None:
        stored_lengths: dict[UUID, int] = {}
        alive_at = time.monotonic()
        while not self._stopping.wait(STORE_INTERVAL_S):
            running = {buffer.id: buffer for buffer in self._running()}
            stored_lengths = {id_: stored_lengths.get(id_, 0) for id_ in running}
            longer = [
                buffer for buffer in running.values() if buffer.length > stored_lengths[buffer.id]
            ]
            is_alive_due = bool(running) and time.monotonic() - alive_at > ALIVE_INTERVAL_S
            try:
                self._write(longer, list(running) if is_alive_due else [])
                self._cancel_missed(list(running))
            except Failure:
                # A notification may have been lost in the same outage
                self._checks_cancelled = True
                continue  # the next round stores it
            stored_lengths |= {buffer.id: buffer.length for buffer in longer}
            alive_at = time.monotonic() if is_alive_due else alive_at

    def _write(self, longer: list[AnswerBuffer], alive: list[UUID]) -> None:
        if not longer and not alive:
            return
        with transaction() as session:
            for buffer in longer:
                service.write_progress(session, buffer.id, buffer.text)
            if alive:
                service.record_alive(session, alive)

    def _cancel_missed(self, running: list[UUID]) -> None:
        if not self._checks_cancelled or not running:
            return
        self._checks_cancelled = False
        with transaction() as session:
            cancelled = queries.list_cancelled(session, running)
        for execution_id in cancelled:
            self._cancel(execution_id)
