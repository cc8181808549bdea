"""Bars of the latency histogram: ten log buckets each, about a fifth wider than the one before."""

import math
from collections import Counter
from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.ai_metrics.queries.conditions import matching_requests
from core.ai_metrics.queries.latency.percentiles import LOWEST, WIDTH, Counts
from core.ai_metrics.queries.rollup_sources import bucket_of_time, raw, time_of
from core.ai_metrics.views import AiMetricsQuery, LatencyBar

TOGETHER = 10


def bars(buckets: Mapping[int, int]) -> list[LatencyBar]:
    """Return bars from counts by log bucket, shortest first, without gaps."""
    counts: Counter[int] = Counter()
    zero = 0
    for bucket, count in buckets.items():
        if bucket == LOWEST:
            zero = count
        else:
            counts[(bucket - 1) // TOGETHER] += count
    filled = range(min(counts), max(counts) + 1) if counts else range(0)
    found = [
        LatencyBar(from_ms=_edge(each), to_ms=_edge(each + 1), requests=counts[each])
        for each in filled
    ]
    # Times are whole milliseconds: none lies in a bar whose two edges are the same one
    taken = [bar for bar in found if bar.from_ms < bar.to_ms]
    # One bar from zero: of two, an address could name the first alone
    if taken and taken[0].from_ms == 0:
        return [taken[0].model_copy(update={"requests": taken[0].requests + zero}), *taken[1:]]
    nothing_took = [LatencyBar(from_ms=0, to_ms=0, requests=zero)] if zero else []
    return nothing_took + taken


def _edge(number: int) -> int:
    """Return the longest time, in whole milliseconds, before the bar of a number."""
    return math.floor(math.exp(WIDTH * TOGETHER * number))


def buckets_of(counts: Counts) -> dict[int, int]:
    """Return the log buckets of summed histograms that hold anything."""
    return {number: int(count) for number, count in enumerate(counts, LOWEST) if count}


def exact_buckets(session: Session, query: AiMetricsQuery) -> dict[int, int]:
    """Return the log buckets of requests, each of its own time."""
    time = time_of(raw.c.total_latency_ms)
    bucket = bucket_of_time(time).label("bucket")
    wanted = (
        select(bucket, func.count())
        .where(*matching_requests(query, query.period), time.is_not(None))
        .group_by(bucket)
    )
    return {row[0]: row[1] for row in session.execute(wanted)}
