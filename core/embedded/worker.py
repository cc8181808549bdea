"""The worker as a child of the web process: the same program in another role."""

import os
import signal
import subprocess
import sys

from core.embedded.child import Child
from core.platform.config import ROOT, ProcessRole

PARENT = "ATTUNE_PARENT"


class Worker(Child):
    """The process that runs jobs."""

    name = "Worker"
    stop_timeout_s = 25.0

    def spawn(self) -> None:
        """Start it; it finds the databases by itself, and ends when our end of its input closes."""
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py")],
            stdin=subprocess.PIPE,
            start_new_session=True,
            cwd=ROOT,
            env=os.environ | {"ATTUNE_ROLE": ProcessRole.WORKER.value, PARENT: str(os.getpid())},
        )

    def ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        """Let it end its jobs."""
        process.send_signal(signal.SIGTERM)


def has_parent() -> bool:
    """Whether this process is such a child, rather than a worker that somebody started by itself."""
    return PARENT in os.environ
