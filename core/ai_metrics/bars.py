"""The histogram of latencies as a chart shows it: ten log buckets a bar, each about a fifth wider than the one before."""

import math
from collections import Counter

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.ai_metrics.answers import Asked, Bar
from core.ai_metrics.histograms import LOWEST, WIDTH, packed, summed
from core.ai_metrics.sources import source

TOGETHER = 10


def bars(session: Session, asked: Asked) -> list[Bar]:
    """Return how many requests took how long, from the shortest to the longest, without gaps."""
    counts: Counter[int] = Counter()
    zero = 0
    for bucket, count in _buckets(session, asked).items():
        if bucket == LOWEST:
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
    found = session.scalar(select(packed(given.rows.c.latency_histogram)))
    counts = summed(found) if found else ()
    return {number: int(count) for number, count in enumerate(counts, LOWEST) if count}
