"""A child process of the web process: started, watched, started again when it dies, stopped in order."""

import logging
import math
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress

log = logging.getLogger("attune.children")

LONGEST_PAUSE_S = 30.0
HEALTHY_AFTER_S = 60.0
HURRIED_S = 2.0


class Child(ABC):
    """One program that lives as long as we do. Only processes that we started ourselves are ever signalled.

    A thread of its own starts it, each time, and lives until the end: on Linux a child is stopped when the thread that
    started it ends, and a signal to us, which Python hands to the main thread, finds no start half done.
    """

    name: str
    stop_timeout_s = 10.0

    def __init__(self) -> None:
        """Make the child known; nothing runs before `start`."""
        self.process: subprocess.Popen[bytes] | None = None
        self.stopping = threading.Event()
        self._is_settled = threading.Event()
        self._refusal: Exception | None = None
        self._keeper = threading.Thread(target=self._keep, name=f"keep {self.name}", daemon=True)

    @abstractmethod
    def spawn(self) -> None:
        """Start the program as `self.process` and return when it works, or when we are `stopping`; raise when it does not."""

    @abstractmethod
    def ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        """Tell the program to end in order; it may be told twice."""

    def start(self) -> None:
        """Start the program, and from then on keep it running; raise what its first start raised."""
        self._keeper.start()
        self._is_settled.wait()
        if self._refusal is not None:
            raise self._refusal

    def begin_to_stop(self) -> None:
        """Ask the program to end, and do not wait for it."""
        self.stopping.set()
        self._ask()

    def stop(self, hurry: threading.Event | None = None, *, within_s: float = math.inf) -> None:
        """End the program: first by asking, then by force, when it takes too long or somebody is in a hurry."""
        self.begin_to_stop()
        asked = time.monotonic()
        while self._keeper.is_alive() and time.monotonic() - asked < min(within_s, self._patience_s(hurry)):
            self._keeper.join(0.05)
        if self._keeper.is_alive() and self.process is not None:
            log.warning("%s did not stop in time and is killed", self.name)
            self.process.kill()
            self._keeper.join()

    def _patience_s(self, hurry: threading.Event | None) -> float:
        return min(HURRIED_S, self.stop_timeout_s) if hurry and hurry.is_set() else self.stop_timeout_s

    def _keep(self) -> None:
        if not self.stopping.is_set():
            self._refusal = self._try()
        self._is_settled.set()
        pause_s = 0.0
        while self._refusal is None:
            lived_s = self._wait()
            if lived_s > HEALTHY_AFTER_S:
                pause_s = 0.0
            if self.stopping.wait(pause_s):
                return
            pause_s = min(max(1.0, pause_s * 2), LONGEST_PAUSE_S)
            if (failure := self._try()) is not None:
                log.error("%s could not be started again; another try follows", self.name, exc_info=failure)

    def _wait(self) -> float:
        """Wait for the end of the program and return how long it lived from now."""
        started = time.monotonic()
        if self.process is not None:
            if self.stopping.is_set():  # stop() came while it started, and perhaps saw no process
                self._ask()
            code = self.process.wait()
            if not self.stopping.is_set():
                log.warning("%s ended (%s) and is started again", self.name, code)
        return time.monotonic() - started

    def _try(self) -> Exception | None:
        """Start the program; return why it did not work, when nothing of it is left."""
        try:
            self.spawn()
        except Exception as failure:  # noqa: BLE001  raised or logged by who asked
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
