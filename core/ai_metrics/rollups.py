"""Fold deltas into rollups by half hour and day, per model and over all models (`*`)."""

from sqlalchemy.orm import Session

from core.database.locks import Lock
from core.database.rollups import Fold

SUMS = (
    "requests",
    "unpriced",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "total_tokens",
    "cost_nano",
    "latencies",
    "latency_ms",
    "first_tokens",
    "first_token_ms",
)
HISTOGRAMS = ("latency_histogram", "first_token_histogram")

REQUESTS = Fold(
    lock=Lock.REQUEST_ROLLUPS,
    deltas="ai_request_deltas",
    rollups="ai_request_rollups",
    keys=("environment", "app", "status"),
    starred=("provider", "model"),
    sums=SUMS,
    histograms=HISTOGRAMS,
)
TOOLS = Fold(
    lock=Lock.TOOL_ROLLUPS,
    deltas="tool_deltas",
    rollups="tool_rollups",
    keys=("environment", "app", "tool"),
    sums=("calls", "errors", "durations", "duration_ms"),
    histograms=("duration_histogram",),
)


def fold(session: Session, *, zone: str) -> int:
    """Fold some of what waits into the rollups; return how many rollup rows changed, 0 when nothing waited."""
    return REQUESTS.fold(session, zone=zone) + TOOLS.fold(session, zone=zone)
