"""A Postgres that hangs: all its processes are stopped, and nobody is told."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil
import pytest

from core.database.connections import monitor
from core.embedded.postgres import Postgres


@contextmanager
def hanging(cluster: Postgres) -> Iterator[None]:
    """Stop the postmaster and every backend, and let them go on at the end."""
    assert cluster.process is not None
    with paused(psutil.Process(cluster.process.pid)):
        yield


@contextmanager
def noticed_soon() -> Iterator[None]:
    """Shorten the limits of five seconds to less than one: a busy machine keeps none as short, so
    that nothing may be expected of the database meanwhile.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name, seconds in (
            ("SUSPICIOUS_AFTER_S", 0.05),
            ("ANSWERS_WITHIN_S", 0.3),
            ("EVERY_S", 0.1),
            ("AT_MOST_EVERY_S", 0.05),
        ):
            patch.setattr(monitor, name, seconds)
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
