"""The time of a start, and the memory of the idle process tree."""

import tempfile
import time
from pathlib import Path

from benchmarks import program
from benchmarks.report import Figure

SETTLED_AFTER_S = 8.0


def measure() -> list[Figure]:
    """Return the time to /readyz of a second start, and the idle memory with and without the local
    model.
    """
    with tempfile.TemporaryDirectory() as folder:
        with program.running(Path(folder)):
            pass
        started = time.perf_counter()
        with program.running(Path(folder)) as running:
            ready_s = time.perf_counter() - started
            time.sleep(SETTLED_AFTER_S)
            with_model = running.memory_mb()
        with program.running(Path(folder), ATTUNE_LOCAL_MODEL="off") as running:
            time.sleep(SETTLED_AFTER_S)
            without = running.memory_mb()
    return [
        Figure("second start to /readyz and signed in twice", ready_s, "s", limit=6),
        Figure("idle memory of the tree (PSS), with the model", with_model, "MB", limit=1000),
        Figure("idle memory of the tree (PSS), without", without, "MB", limit=650),
    ]
