"""Sum packed histograms with numpy: 1,200 of them in a third of the time that plpgsql takes.

They come packed: Postgres' own binary form (array_send), one after the other, 0 in place of the
gaps. The subscript of a count is its bucket, as migrations/core/sql/functions.sql has it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, LargeBinary, cast, func, literal, null

HEADER = 5  # dimensions, whether it has nulls, type, length, first subscript
PAIR = 2  # the length of a number, and the number
BIGINT, TRIPLE = 20, 3  # numbers of twice the size are buckets of single times, as raw rows have
LOWEST, HIGHEST = -1, 914  # zero and less; 24 hours
# The logarithm of γ = 1.01 / 0.99, as in functions.sql: a DDSketch whose times are at most 1% off
WIDTH = 0.020000666706669543
# 2 / (γ + 1): the value that is as far off from both ends of a bucket
MIDDLE = 2 / 2.0202020202020203
# The time that stands for each bucket.
MIDDLES = np.append(0.0, MIDDLE * np.exp(WIDTH * np.arange(LOWEST + 1, HIGHEST + 1)))

Counts = NDArray[np.int64]


def packed(histogram: ColumnElement[Any], bucket: ColumnElement[Any]) -> ColumnElement[bytes]:
    """Return the aggregate that packs histograms and single buckets as bytes."""
    whole = func.array_send(func.array_replace(histogram, null(), 0))
    singles = func.array_send(func.array_agg(cast(bucket, BigInteger)).filter(bucket.is_not(None)))
    nothing = literal(b"", LargeBinary)
    return func.coalesce(func.string_agg(whole, nothing), nothing).op("||")(
        func.coalesce(singles, nothing)
    )


def summed(given: bytes) -> Counts:
    """Return the counts of packed histograms together, from the lowest bucket to the highest."""
    counts: Counts = summed_each([given])[0]
    return counts


def summed_each(given: Sequence[bytes]) -> Counts:
    """Return a row of counts for each of some packed histograms."""
    counts = np.zeros((len(given), HIGHEST - LOWEST + 1), np.int64)
    # All of it, once: a histogram at a time takes twice as long
    numbers = np.frombuffer(b"".join(given), ">i4").astype(np.int32)
    at, end, read = 0, 0, numbers.item
    for row, packed in zip(counts, given, strict=True):
        end += len(packed) // numbers.itemsize
        while at < end:
            length, first, begins = read(at + 3), read(at + 4) - LOWEST, at + HEADER
            if read(at + 2) == BIGINT:
                at = begins + TRIPLE * length
                row += np.bincount(
                    numbers[begins + TRIPLE - 1 : at : TRIPLE] - LOWEST, minlength=len(row)
                )
            else:
                at = begins + PAIR * length
                row[first : first + length] += numbers[begins + 1 : at : PAIR]
    return counts


def quantiles(given: bytes | Counts, ranks: Sequence[float]) -> list[float] | None:
    """Return the times at ranks ceil(q * n), each at most 1 % off; None of nothing."""
    counts = summed_each([given]) if isinstance(given, bytes) else given[np.newaxis]
    return quantiles_each(counts, ranks)[0]


def quantiles_each(counts: Counts, ranks: Sequence[float]) -> list[list[float] | None]:
    """Return the same of each row of counts."""
    seen = np.cumsum(counts, axis=1)
    wanted = np.maximum(1, np.ceil(np.outer(seen[:, -1], ranks)))
    places = [np.searchsorted(row, each) for row, each in zip(seen, wanted, strict=True)]
    return [
        MIDDLES[place].tolist() if row[-1] else None
        for row, place in zip(seen, places, strict=True)
    ]


def middle_of_rank(counts: Counts, rank: int) -> float:
    """Return the time at a rank, from 1, at most 1 % off."""
    return float(MIDDLES[np.searchsorted(np.cumsum(counts), rank)])


def bucket_of(time: float) -> int:
    """Return the bucket of a time in milliseconds."""
    return LOWEST if time <= 0 else min(int(np.ceil(np.log(time) / WIDTH)), HIGHEST)


def middle(bucket: int) -> float:
    """Return the time in the middle of a bucket."""
    return float(MIDDLES[bucket - LOWEST])
