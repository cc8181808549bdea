"""A Postgres that hangs: all its processes are stopped, and nobody is told."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from core.embedded.postgres import Postgres


@contextmanager
def hanging(cluster: Postgres) -> Iterator[None]:
    """Stop the postmaster and every backend, and let them go on at the end."""
    assert cluster.process is not None
    with paused(psutil.Process(cluster.process.pid)):
        yield


@contextmanager
def paused(postmaster: psutil.Process) -> Iterator[None]:
    """Stop a Postgres by its postmaster, and let it go on at the end."""
    stopped: list[int] = []
    try:
        # The postmaster first: then no process comes that this does not see.
        for process in (postmaster, *postmaster.children(recursive=True)):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGSTOP)
            stopped.append(process.pid)
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):  # one that had ended already when it was stopped
                os.kill(pid, signal.SIGCONT)
