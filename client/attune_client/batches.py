"""One run of a batch job, reported to Attune while it runs."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from attune_client.rows import error_words, now

LONGEST_SUMMARY = 10_000


class BatchRun:
    """A context manager for a run; an exception inside is raised on, and makes the run failed.

    All threads of the host may count jobs and measure phases.
    """

    def __init__(
        self, send: Callable[[dict[str, Any]], None], job: str, run_id: str, facts: dict[str, Any]
    ) -> None:
        """Use Client.batch_run instead."""
        self._send, self._facts = send, {"batch_run_id": run_id, "batch_job": job, **facts}
        self._lock = threading.Lock()
        self._phases: dict[str, int] = {}
        self._completed = self._failed = 0
        self._ended: tuple[str, BaseException] | None = None  # a phase, and what was raised in it
        self.id = run_id
        self.is_running = False

    def __enter__(self) -> "BatchRun":
        """Report the start of the run."""
        self._facts["started_at"] = now()
        self.is_running = True
        self.report()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Report the end of the run."""
        self.is_running = False
        is_orderly = error is None or (isinstance(error, SystemExit) and error.code in (None, 0))
        status = "failed" if not is_orderly else "partial" if self._failed else "completed"
        final_fields: dict[str, Any] = {"completed_at": now()}
        if not is_orderly:
            final_fields["error_summary"] = self._summary(error)[:LONGEST_SUMMARY]
        self._report(status, final_fields)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure a phase of the run; durations of the same name are added up."""
        started_at = time.perf_counter()
        try:
            yield
        except BaseException as error:
            if self._ended is None or self._ended[1] is not error:  # else of a phase within
                self._ended = (name, error)
            raise
        finally:
            took_ms = round((time.perf_counter() - started_at) * 1000)
            with self._lock:
                self._phases[name] = self._phases.get(name, 0) + took_ms
            self.report()

    def completed(self, jobs: int = 1) -> None:
        """Count jobs of the run that succeeded."""
        with self._lock:
            self._completed += jobs

    def failed(self, jobs: int = 1) -> None:
        """Count jobs of the run that failed; a run with some is partial."""
        with self._lock:
            self._failed += jobs

    def report(self) -> None:
        """Report the state of the run.

        The client does so once a minute, so that a long run does not count as lost.
        """
        if self.is_running:
            self._report("running", {})

    def _summary(self, error: BaseException | None) -> str:
        """Return an error in words; Attune shows the phase that they name first as failed."""
        ended, self._ended = self._ended, None
        words = error_words(error)
        return words if ended is None or ended[1] is not error else f"{ended[0]}: {words}"

    def _report(self, status: str, final_fields: dict[str, Any]) -> None:
        with self._lock:
            state = {
                "phase_durations": dict(self._phases),
                "completed_jobs": self._completed,
                "failed_jobs": self._failed,
            }
        self._send({**self._facts, **state, **final_fields, "status": status, "updated_at": now()})
