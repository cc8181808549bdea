"""Packed histograms have the same sum with or without raw rows of the same time among them."""

import struct

import numpy as np
import pytest

from core.ai_metrics.queries.latency.percentiles import HIGHEST, LOWEST, quantiles, summed

INT4 = 23
ONE, OTHER = {5: 1}, {914: 1}
LONG, SHORT = {-1: 2, 0: 0, 1: 3}, {5: 4, 6: 1}


def packed(histogram: dict[int, int]) -> bytes:
    """Pack a histogram as array_send does."""
    counts = [histogram[bucket] for bucket in sorted(histogram)]
    body = b"".join(struct.pack(">ii", 4, count) for count in counts)
    return struct.pack(">iiIii", 1, 0, INT4, len(counts), min(histogram)) + body


@pytest.mark.parametrize(
    "given",
    [
        [],
        [ONE],
        [ONE] * 3,
        [LONG],
        [LONG, ONE, ONE, OTHER, SHORT, ONE],
        [ONE, OTHER, LONG, LONG],
        [SHORT, ONE],
        [ONE, ONE, SHORT],
    ],
)
def test_packed_histograms_add_up_bucket_by_bucket(given: list[dict[int, int]]) -> None:
    expected = np.zeros(HIGHEST - LOWEST + 1, np.int64)
    for histogram in given:
        for bucket, count in histogram.items():
            expected[bucket - LOWEST] += count
    assert summed(b"".join(map(packed, given))).tolist() == expected.tolist()


def test_percentiles_of_counts_are_those_of_what_they_were_packed_in() -> None:
    given = b"".join(map(packed, [LONG, SHORT, ONE, OTHER]))
    assert quantiles(summed(given), (0.5, 0.95)) == quantiles(given, (0.5, 0.95))
    assert quantiles(b"", (0.5,)) is None
