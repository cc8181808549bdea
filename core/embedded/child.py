"""A child process of the web process: started, watched, restarted, stopped in order."""

import logging
import math
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress

log = logging.getLogger("attune.children")

MAX_RESTART_WAIT_S = 30.0
HEALTHY_AFTER_S = 60.0
HURRY_TIMEOUT_S = 2.0


class Child(ABC):
    """A program that runs as long as this process. Only processes that were started here are
    signalled.

    A separate thread starts it each time and lives until the end: on Linux the child's death signal
    is tied to the thread that started it, and a signal to the main thread cannot interrupt a start.
    """

    name: str
    stop_timeout_s = 10.0

    def __init__(self) -> None:
        """Set up the thread; nothing runs before `start`."""
        self.process: subprocess.Popen[bytes] | None = None
        self.stopping = threading.Event()
        self._first_start_ended = threading.Event()
        self._start_error: Exception | None = None
        self._supervisor = threading.Thread(
            target=self._supervise, name=f"keep {self.name}", daemon=True
        )

    @abstractmethod
    def spawn(self) -> None:
        """Start the program as `self.process`, until it is usable; raise when it fails."""

    @abstractmethod
    def ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        """Ask the program to end in order; may be called twice."""

    def start(self) -> None:
        """Start the program and keep it running; raise the error of its first start."""
        self._supervisor.start()
        self._first_start_ended.wait()
        if self._start_error is not None:
            raise self._start_error

    def begin_to_stop(self) -> None:
        """Ask the program to end, without waiting for it."""
        self.stopping.set()
        self._ask()

    def stop(self, hurry: threading.Event | None = None, *, within_s: float = math.inf) -> None:
        """Ask the program to end; kill it after `stop_timeout_s`, `within_s`, or 2 s in a hurry."""
        self.begin_to_stop()
        asked_at = time.monotonic()
        while self._supervisor.is_alive() and time.monotonic() - asked_at < min(
            within_s, self._timeout_s(hurry)
        ):
            self._supervisor.join(0.05)
        if self._supervisor.is_alive() and self.process is not None:
            log.warning("%s did not stop in time and is killed", self.name)
            self.process.kill()
            self._supervisor.join()

    def _timeout_s(self, hurry: threading.Event | None) -> float:
        return (
            min(HURRY_TIMEOUT_S, self.stop_timeout_s)
            if hurry and hurry.is_set()
            else self.stop_timeout_s
        )

    def _supervise(self) -> None:
        if not self.stopping.is_set():
            self._start_error = self._try()
        self._first_start_ended.set()
        pause_s = 0.0
        while self._start_error is None:
            lived_s = self._wait()
            if lived_s > HEALTHY_AFTER_S:
                pause_s = 0.0
            if self.stopping.wait(pause_s):
                return
            pause_s = min(max(1.0, pause_s * 2), MAX_RESTART_WAIT_S)
            if (failure := self._try()) is not None:
                log.error(
                    "%s could not be restarted and is tried again", self.name, exc_info=failure
                )

    def _wait(self) -> float:
        """Wait for the end of the program; return how many seconds it ran."""
        started_at = time.monotonic()
        if self.process is not None:
            # stop() was called during the start, and may have seen no process
            if self.stopping.is_set():
                self._ask()
            code = self.process.wait()
            if not self.stopping.is_set():
                log.warning("%s ended (%s) and is restarted", self.name, code)
        return time.monotonic() - started_at

    def _try(self) -> Exception | None:
        """Start the program; return the error after ending what had started, or None."""
        try:
            self.spawn()
        except Exception as failure:  # noqa: BLE001  raised or logged by the caller
            self._end_half_started()
            return failure
        return None

    def _end_half_started(self) -> None:
        self._ask()
        if self.process is not None:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(self.stop_timeout_s)
            self.process.kill()
            self.process.wait()
        self.process = None

    def _ask(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.ask_to_stop(self.process)
