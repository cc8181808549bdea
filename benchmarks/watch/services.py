"""Watch queries within the program, without HTTP: percentiles and funnels, compared with peers."""

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from benchmarks.product import OTHER
from benchmarks.report import Figure
from benchmarks.watch import peers
from benchmarks.watch.peers import Peer
from core.activity.funnel_views import FunnelView
from core.activity.queries.funnels import funnel, funnel_counts
from core.ai_metrics.queries import figures, series
from core.ai_metrics.views import AiMetricsQuery, Interval, LatencyPoint
from core.cache import large_workspaces
from core.database.db import read_session
from core.identity.schemas import Actor, Caller, Role
from core.presentation.periods import Watched, day_of, last_days
from core.system import workspace

CALLS = 20
WATCHER = Actor(uuid4(), "bench@localhost", "bench", Role.ANALYST, None, Caller())
NEAR = 0.011  # histograms are right within one percent, and times are whole milliseconds


def measure() -> list[Figure]:
    """Return the times of percentiles and funnels, and how much faster they are than peers."""
    period, watched = last_days(30, zone=workspace.zone()), Watched()
    asked, other = AiMetricsQuery(period, watched), funnel.read(OTHER)
    day_ms, days = _timed(
        lambda session: series.latency_series(session, asked, Interval.DAY).latency
    )
    models_ms, models = _timed(lambda session: figures.models(session, asked, actor=WATCHER))
    saved_ms, saved = _timed(
        lambda session: funnel_counts.read_funnel(session, period, watched, actor=WATCHER)
    )
    other_ms, _ = _timed(
        lambda session: funnel_counts.read_funnel(session, period, watched, other, actor=WATCHER)
    )
    begun = saved.steps[0].users
    return [
        Figure("percentiles by day, all models: median", day_ms, "ms", limit=10),
        Figure(f"percentiles of {len(models)} models: median", models_ms, "ms", limit=40),
        Figure(
            "the saved funnel of five: median",
            saved_ms,
            "ms",
            limit=100,
            note=f"{begun:,} users began in it",
        ),
        Figure("another funnel of five: median", other_ms, "ms", limit=1200),
        *_beside("exact SQL", peers.ask_postgres(period), (day_ms, days), (saved_ms, saved)),
        *_beside(
            "DuckDB", peers.ask_duckdb(period), (day_ms, days), (saved_ms, saved), limits=(20, 5)
        ),
    ]


def _timed(read: Callable[[Session], Any]) -> tuple[float, Any]:
    """Return the median time of some uncached calls, and the result."""
    took = []
    for _ in range(CALLS + 1):
        large_workspaces.clear()
        begun = time.perf_counter()
        with read_session() as session:
            found = read(session)
        took.append((time.perf_counter() - begun) * 1000)
    return median(took[1:]), found


def _beside(
    name: str,
    peer: Peer,
    days: tuple[float, list[LatencyPoint]],
    saved: tuple[float, FunnelView],
    limits: tuple[float | None, float | None] = (None, None),
) -> list[Figure]:
    """Return the speed-up, and the number of differing results."""
    percentiles, users = peer.percentiles_ms / days[0], peer.funnel_ms / saved[0]
    differences = _days_that_differ(days[1], peer.by_day) + _steps_that_differ(saved[1], peer.users)
    return [
        Figure(
            f"percentiles by day, faster than {name}",
            percentiles,
            "times",
            limits[0],
            True,
            f"{peer.percentiles_ms:,.0f} ms",
        ),
        Figure(
            f"the saved funnel, faster than {name}",
            users,
            "times",
            limits[1],
            True,
            f"{peer.funnel_ms:,.0f} ms",
        ),
        Figure(f"days and steps that {name} counts otherwise", differences, "", limit=0),
    ]


def _days_that_differ(ours: list[LatencyPoint], theirs: Sequence[tuple[Any, ...]]) -> int:
    known = {day: (count, times) for day, count, times in theirs}
    found = {day_of(point.at, workspace.zone()): point for point in ours if point.requests}
    return len(known.keys() ^ found.keys()) + sum(
        not _is_same(found[day], *known[day]) for day in known.keys() & found.keys()
    )


def _is_same(point: LatencyPoint, count: int, times: Sequence[int]) -> bool:
    ours = (point.p50, point.p95, point.p99)
    near = all(
        one is not None and abs(one - exact) <= NEAR * exact + 1
        for one, exact in zip(ours, times, strict=True)
    )
    return point.requests == count and near


def _steps_that_differ(ours: FunnelView, theirs: list[int]) -> int:
    return sum(step.users != users for step, users in zip(ours.steps, theirs, strict=True))
