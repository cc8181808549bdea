"""The histogram of latencies as a chart shows it: ten log buckets a bar, each about a fifth wider than the one before."""

import math
from collections import Counter

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.ai_metrics.answers import Asked, Bar
from core.ai_metrics.sources import source

WIDTH = 0.020000666706669543  # of one bucket, as latency_bucket() has it
TOGETHER = 10
ZERO = -1  # the bucket of zero and less


def bars(session: Session, asked: Asked) -> list[Bar]:
    """Return how many requests took how long, from the shortest to the longest, without gaps."""
    counts: Counter[int] = Counter()
    zero = 0
    for bucket, count in _buckets(session, asked).items():
        if bucket == ZERO:
            zero = count
        else:
            counts[(bucket - 1) // TOGETHER] += count
    filled = range(min(counts), max(counts) + 1) if counts else range(0)
    found = [Bar(from_ms=_edge(each), to_ms=_edge(each + 1), requests=counts[each]) for each in filled]
    nothing_took = [Bar(from_ms=0, to_ms=0, requests=zero)] if zero else []
    return nothing_took + [bar for bar in found if bar.from_ms < bar.to_ms]


def _edge(number: int) -> int:
    """Return the longest time, in whole milliseconds, before the bar of a number."""
    return math.floor(math.exp(WIDTH * TOGETHER * number))


def _buckets(session: Session, asked: Asked) -> dict[int, int]:
    given = source(asked)
    if given.is_exact:
        bucket = func.latency_bucket(given.rows.c.latency).label("bucket")
        wanted = select(bucket, func.count()).where(given.rows.c.latency.is_not(None)).group_by(bucket)
        return {row[0]: row[1] for row in session.execute(wanted)}
    summed = select(given.histogram("latency").label("counts")).subquery()
    lower, counts = session.execute(select(func.array_lower(summed.c.counts, 1), summed.c.counts)).one()
    return {number: count for number, count in enumerate(counts or [], lower or 0) if count}
