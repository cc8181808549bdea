"""Fold deltas into rollups by half hour and day, per model and over all models (`*`)."""

from sqlalchemy import ColumnElement, Table, exists, func, or_
from sqlalchemy.orm import Session

from core.ai_metrics.models import (
    DimensionDelta,
    DimensionMonth,
    DimensionRollup,
    RequestDelta,
    RequestRollup,
    ToolDelta,
    ToolDimensionDelta,
    ToolDimensionRollup,
    ToolRollup,
)
from core.database.locks import Lock
from core.database.rollups import Fold
from core.database.sql_files import statement
from core.database.tables import table_of

TOKENS = (
    *("input_tokens", "output_tokens", "cached_tokens"),
    *("cache_write_tokens", "reasoning_tokens", "total_tokens"),
)
SUMS = (
    "requests",
    "unpriced",
    "priced",
    *TOKENS,
    "cost_nano",
    "cost_squares",
    "latencies",
    "latency_ms",
    "first_tokens",
    "first_token_ms",
)
HISTOGRAMS = ("latency_histogram", "first_token_histogram")

REQUESTS = Fold(
    lock=Lock.REQUEST_ROLLUPS,
    deltas=table_of(RequestDelta),
    rollups=table_of(RequestRollup),
    keys=("environment", "app", "status"),
    starred=("provider", "model"),
    sums=SUMS,
    histograms=HISTOGRAMS,
)
own = table_of(DimensionMonth)
waiting, waiting_tools = table_of(DimensionDelta), table_of(ToolDimensionDelta)
OTHERS = ""
EVERY = "all"  # the dimension of which each request has one value, OTHERS
MOST_VALUES = 200  # of a dimension, in an environment and month
NOTE_VALUES = statement(__package__, "note_values")
SET_OTHERS = (
    statement(__package__, "set_others"),
    statement(__package__, "set_other_tools"),
)


def has_own_rollups(table: Table) -> ColumnElement[bool]:
    """Return whether the value of a row has rollups of its own in the row's month of UTC."""
    return exists().where(
        own.c.environment == table.c.environment,
        own.c.dimension == table.c.dimension,
        own.c.month == func.date_trunc("month", table.c["at"], "UTC"),
        own.c.value == table.c.value,
    )


DIMENSIONS = Fold(
    lock=Lock.DIMENSION_ROLLUPS,
    deltas=waiting,
    rollups=table_of(DimensionRollup),
    keys=("environment", "app", "dimension", "value", "status"),
    starred=("provider", "model"),
    sums=SUMS,
    histograms=HISTOGRAMS,
    ready=or_(waiting.c.value == OTHERS, has_own_rollups(waiting)),
)
TOOLS = Fold(
    lock=Lock.TOOL_ROLLUPS,
    deltas=table_of(ToolDelta),
    rollups=table_of(ToolRollup),
    keys=("environment", "app", "tool"),
    sums=("calls", "errors", "durations", "duration_ms"),
    histograms=("duration_histogram",),
)
TOOL_DIMENSIONS = Fold(
    lock=Lock.TOOL_DIMENSION_ROLLUPS,
    deltas=waiting_tools,
    rollups=table_of(ToolDimensionRollup),
    keys=("environment", "app", "dimension", "value", "status", "tool"),
    starred=("provider", "model"),
    sums=TOOLS.sums,
    histograms=TOOLS.histograms,
    ready=or_(waiting_tools.c.value == OTHERS, has_own_rollups(waiting_tools)),
)

WITH_VALUES = (DIMENSIONS, TOOL_DIMENSIONS)
FOLDS = (REQUESTS, DIMENSIONS, TOOLS, TOOL_DIMENSIONS)


def fold(session: Session, *, zone: str) -> int:
    """Fold some deltas into the rollups; return how many: where fewer than AT_ONCE, all of them."""
    place_values(session)
    return sum(fold.fold(session, zone=zone) for fold in FOLDS)


def place_values(session: Session) -> None:
    """Decide of each new value whether it has rollups of its own: the first 200 of a month have.

    Only this decides, one process at a time, and for good: what undo or repricing takes away later
    is taken from where it was added (docs/decisions/0009).
    """
    if session.scalar(DIMENSIONS.try_lock):
        session.execute(NOTE_VALUES, {"most": MOST_VALUES})
        for set_others in SET_OTHERS:
            session.execute(set_others, {"most": MOST_VALUES})
