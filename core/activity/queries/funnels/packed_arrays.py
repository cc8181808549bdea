"""Arrays in Postgres' binary format, read at once into numpy."""

from collections.abc import Iterable
from math import ceil

import numpy as np
from numpy.typing import NDArray

HEADER_BYTES = 20  # dimensions, whether it has nulls, type, length, first subscript
ELEMENT = np.dtype([("bytes", ">i4"), ("value", ">i8")])

Numbers = NDArray[np.int64]


def unpacked(given: Iterable[bytes | None]) -> Numbers:
    """Return the numbers of `array_send(array_agg(bigint))`; None and {} hold none."""
    parts = [
        np.frombuffer(each, ELEMENT, offset=HEADER_BYTES)["value"]
        for each in given
        if each and len(each) > HEADER_BYTES
    ]
    return np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, np.int64)


def median_and_p90(micros: Numbers) -> tuple[float | None, float | None]:
    """Return median and p90 in seconds, interpolated as percentile_cont does."""
    if not len(micros):
        return None, None
    median, p90 = (_interpolated(micros, rank * (len(micros) - 1)) for rank in (0.5, 0.9))
    return median, p90


def _interpolated(micros: Numbers, place: float) -> float:
    below, above = int(place), ceil(place)
    ordered = np.partition(micros, (below, above))
    low, high = float(ordered[below]) / 1e6, float(ordered[above]) / 1e6
    return low + (place - below) * (high - low)
