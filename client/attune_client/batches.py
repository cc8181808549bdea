"""One run of a batch job, told to Attune while it goes on."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from attune_client.rows import now

LONGEST_SUMMARY = 10_000


class BatchRun:
    """A context manager: the run starts and ends with it; what the host raises inside goes on, and makes it a failed run.

    Of a host's own threads, all may count and begin phases.
    """

    def __init__(self, send: Callable[[dict[str, Any]], None], job: str, run_id: str, facts: dict[str, Any]) -> None:
        """Use Client.batch_run instead."""
        self._send, self._facts = send, {"batch_run_id": run_id, "batch_job": job, **facts}
        self._lock = threading.Lock()
        self._phases: dict[str, int] = {}
        self._completed = self._failed = 0
        self.id = run_id
        self.is_running = False

    def __enter__(self) -> "BatchRun":
        """Say that the run has started."""
        self._facts["started_at"] = now()
        self.is_running = True
        self.report()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Say how the run has ended."""
        self.is_running = False
        is_orderly = error is None or (isinstance(error, SystemExit) and error.code in (None, 0))
        status = "failed" if not is_orderly else "partial" if self._failed else "completed"
        ended: dict[str, Any] = {"completed_at": now()}
        if not is_orderly:
            ended["error_summary"] = _summary(error)
        self._report(status, ended)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure a part of the run; the same name twice adds up."""
        began = time.perf_counter()
        try:
            yield
        finally:
            took_ms = round((time.perf_counter() - began) * 1000)
            with self._lock:
                self._phases[name] = self._phases.get(name, 0) + took_ms
            self.report()

    def completed(self, jobs: int = 1) -> None:
        """Count jobs of the run that went well."""
        with self._lock:
            self._completed += jobs

    def failed(self, jobs: int = 1) -> None:
        """Count jobs of the run that did not; a run with some is partial."""
        with self._lock:
            self._failed += jobs

    def report(self) -> None:
        """Say where the run stands. The client does so once a minute by itself, so that a long run is not taken for lost."""
        if self.is_running:
            self._report("running", {})

    def _report(self, status: str, ended: dict[str, Any]) -> None:
        with self._lock:
            state = {"phase_durations": dict(self._phases), "completed_jobs": self._completed, "failed_jobs": self._failed}
        self._send({**self._facts, **state, **ended, "status": status, "updated_at": now()})


def _summary(error: BaseException | None) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:LONGEST_SUMMARY]
    except Exception:  # noqa: BLE001  the host's error may be unable to say what it is
        return type(error).__name__
