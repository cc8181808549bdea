"""A child process of the web process: started, watched, started again when it dies, stopped in order."""

import logging
import subprocess
import threading
import time
from abc import ABC, abstractmethod

log = logging.getLogger("attune.children")

LONGEST_PAUSE_S = 30.0
HEALTHY_AFTER_S = 60.0


class Child(ABC):
    """One program that lives as long as we do. Only processes that we started ourselves are ever signalled."""

    name: str
    stop_timeout_s = 10.0

    def __init__(self) -> None:
        """Make the child known; nothing runs before `start`."""
        self.process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()

    @abstractmethod
    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the program and return when it works; raise when it does not."""

    @abstractmethod
    def ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        """Tell the program to end in order."""

    def start(self) -> None:
        """Start the program, and from then on keep it running.

        Call it from a thread that lives until the end: on Linux a child is stopped when the thread that started it ends.
        """
        self.process = self.spawn()
        threading.Thread(target=self._watch, name=f"watch {self.name}", daemon=True).start()

    def stop(self) -> None:
        """End the program: first by asking, then by force."""
        self._stopping.set()
        process = self.process
        if process is None or process.poll() is not None:
            return
        self.ask_to_stop(process)
        try:
            process.wait(self.stop_timeout_s)
        except subprocess.TimeoutExpired:
            log.warning("%s did not stop within %.0f s and is killed", self.name, self.stop_timeout_s)
            process.kill()
            process.wait()

    def _watch(self) -> None:
        pause_s = 0.0
        while not self._stopping.is_set():
            process, started = self.process, time.monotonic()
            if process is not None:
                code = process.wait()
                if self._stopping.is_set():
                    return
                log.warning("%s ended (%s) and is started again", self.name, code)
            if time.monotonic() - started > HEALTHY_AFTER_S:
                pause_s = 0.0
            self._stopping.wait(pause_s)
            pause_s = min(max(1.0, pause_s * 2), LONGEST_PAUSE_S)
            self._start_again()

    def _start_again(self) -> None:
        if self._stopping.is_set():
            return
        try:
            self.process = self.spawn()
        except Exception:
            self.process = None
            log.exception("%s could not be started again; another try follows", self.name)
            return
        if self._stopping.is_set():  # stop() came while it started and saw no process
            self.ask_to_stop(self.process)
