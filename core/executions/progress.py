"""Record every second how far this process' answers have come, and that it is alive."""

import threading
import time
from collections.abc import Callable
from uuid import UUID

from core.database.db import transaction
from core.errors import Failure
from core.executions import queries, service
from core.executions.buffers import AnswerBuffer

WRITE_EVERY_S = 1.0
ALIVE_EVERY_S = 20.0


class ProgressWriter:
    """A thread that writes what has grown, and cuts what somebody has cancelled without our having heard of it."""

    def __init__(self, running: Callable[[], list[AnswerBuffer]], cut: Callable[[UUID], None], stopping: threading.Event) -> None:
        """Write the progress of what `running` returns, until `stopping`."""
        self._running, self._cut, self._stopping = running, cut, stopping
        self._thread = threading.Thread(target=self._work, name="execution progress", daemon=True)
        self._looks_for_cancelled = False

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def look_for_cancelled(self) -> None:
        """Ask the database with the next round which calls were cancelled."""
        self._looks_for_cancelled = True

    def _work(self) -> None:
        written: dict[UUID, int] = {}
        alive_at = time.monotonic()
        while not self._stopping.wait(WRITE_EVERY_S):
            running = {buffer.id: buffer for buffer in self._running()}
            written = {id_: written.get(id_, 0) for id_ in running}
            grown = [buffer for buffer in running.values() if buffer.length > written[buffer.id]]
            is_time = bool(running) and time.monotonic() - alive_at > ALIVE_EVERY_S
            try:
                self._write(grown, list(running) if is_time else [])
                self._cut_what_was_cancelled(list(running))
            except Failure:
                self._looks_for_cancelled = True
                continue  # the next round writes it
            written |= {buffer.id: buffer.length for buffer in grown}
            alive_at = time.monotonic() if is_time else alive_at

    def _write(self, grown: list[AnswerBuffer], alive: list[UUID]) -> None:
        if not grown and not alive:
            return
        with transaction() as session:
            for buffer in grown:
                service.write_progress(session, buffer.id, buffer.text)
            if alive:
                service.note_alive(session, alive)

    def _cut_what_was_cancelled(self, running: list[UUID]) -> None:
        if not self._looks_for_cancelled or not running:
            return
        self._looks_for_cancelled = False
        with transaction() as session:
            cancelled = queries.list_cancelled(session, running)
        for execution_id in cancelled:
            self._cut(execution_id)
