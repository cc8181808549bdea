"""The worker as a child of the web process: the same program in another role."""

import os
import signal
import subprocess
import sys

from core.embedded.child import Child
from core.platform.config import ROOT, ProcessRole, config

PARENT = "ATTUNE_PARENT"


class Worker(Child):
    """The process that runs background jobs."""

    name = "Worker"
    stop_timeout_s = 25.0

    def spawn(self) -> None:
        """Start the worker; it opens the databases itself, and ends when its input closes."""
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py")],
            stdin=subprocess.PIPE,
            start_new_session=True,
            cwd=ROOT,
            env=child_environment() | {"ATTUNE_ROLE": ProcessRole.WORKER.value},
        )

    def ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        """Let it finish its jobs."""
        process.send_signal(signal.SIGTERM)


def child_environment() -> dict[str, str]:
    """Return the environment of this program's child in ROOT, where a relative DATA would name
    another folder.
    """
    return os.environ | {"DATA": str(config().data), PARENT: str(os.getpid())}


def has_parent() -> bool:
    """Whether the web process started this worker, rather than an operator."""
    return PARENT in os.environ
