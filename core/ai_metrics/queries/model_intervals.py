"""The days or hours of each model: its requests, its errors and how long requests took."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Label
from sqlalchemy.orm import Session

from core.ai_metrics.queries.latency.percentiles import LOWEST, summed_each
from core.ai_metrics.queries.rollup_sources import RollupSource, read_sums
from core.ai_metrics.schemas import RequestStatus
from core.ai_metrics.views import AiMetricsQuery, Interval

Counts = NDArray[np.int64]
Key = tuple[str, str]  # provider and model


@dataclass(frozen=True)
class ModelInterval:
    """A day or hour of a model; `quicker` has running totals of the latency buckets."""

    at: datetime
    requests: int
    errors: int
    quicker: Counts

    @property
    def timed(self) -> int:
        """How many have a latency."""
        return int(self.quicker[-1])

    def slower_than(self, limit: int) -> int:
        """Return the number of requests slower than a bucket."""
        return self.timed - int(self.quicker[limit - LOWEST])


def read(session: Session, query: AiMetricsQuery, step: Interval) -> dict[Key, list[ModelInterval]]:
    """Return the days or hours of each model in which something ended."""
    found: dict[Key, list[ModelInterval]] = defaultdict(list)
    # An error rate needs requests of every status, whichever the page shows
    rows = read_sums(session, replace(query, status=None), _counts, by_model=True, step=step)
    quicker = np.cumsum(summed_each([row["times"] for row in rows]), axis=1)
    for row, counts in sorted(zip(rows, quicker, strict=True), key=lambda each: each[0]["at"]):
        ended = row["requests"] - row["pending"]
        found[row["provider"], row["model"]].append(
            ModelInterval(row["at"], ended, row["errors"], counts)
        )
    return found


def _counts(source: RollupSource) -> list[Label[Any]]:
    return [
        source.total("requests").label("requests"),
        source.total("requests", status=RequestStatus.PENDING).label("pending"),
        source.total("requests", status=RequestStatus.ERROR).label("errors"),
        source.packed("latency").label("times"),
    ]
