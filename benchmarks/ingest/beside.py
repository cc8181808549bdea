"""Ingest beside ten million rows, as a share of the speed of an empty database: `make bench
ARGS=beside DATA=/tmp/much`.

Both programs run, and are measured in turns, so that other load affects both. It adds millions of
rows to the folder: don't use it on one in use.
"""

from statistics import mean

from benchmarks import program
from benchmarks.ingest import batches
from benchmarks.program import Running
from benchmarks.report import Figure, show
from benchmarks.watch import limits
from core.platform.config import config

TURNS = 4
LEAST = 80  # percent


def measure() -> bool:
    """Measure and print; return whether the limit is met."""
    chosen = config()
    if not limits.is_enough(chosen, "beside"):
        return False
    with (
        program.running(ATTUNE_LOCAL_MODEL="off") as empty,
        program.running(chosen.data, ATTUNE_LOCAL_MODEL="off") as full,
    ):
        return show("Rows in, beside many", _figures(empty, full))


def _figures(empty: Running, full: Running) -> list[Figure]:
    asked = [(each, batches.sender(each)) for each in (empty, full)]
    taken: dict[tuple[Running, str, int], list[float]] = {}
    for turn in range(TURNS):
        for kind in batches.KINDS:
            for batch in batches.ROWS:
                for each, token in asked[:: -1 if turn % 2 else 1]:
                    taken.setdefault((each, kind, batch), []).append(
                        batches.rate(each, token, kind, batch).rows
                    )
    return [
        _share(kind, batch, taken[empty, kind, batch], taken[full, kind, batch])
        for kind in batches.KINDS
        for batch in batches.ROWS
    ]


def _share(kind: str, batch: int, empty: list[float], full: list[float]) -> Figure:
    each = ", ".join(f"{have / could:.0%}" for have, could in zip(full, empty, strict=True))
    note = f"{mean(full):,.0f} of {mean(empty):,.0f} rows/s; by turn {each}"
    name = f"{kind} in batches of {batch:,}, of what an empty one takes"
    return Figure(name, 100 * mean(full) / mean(empty), "%", LEAST, at_least=True, note=note)
