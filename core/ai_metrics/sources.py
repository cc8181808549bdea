"""Where the figures of AI requests come from: rows of sums, of the same shape whatever they were read from.

Rollups with what is not folded into them yet, and raw rows for what is left of a half hour at the edges. Filters that rollups do
not know (release, user, conversation) take raw rows alone, which makes percentiles exact. All parts are one statement: what is
folded meanwhile is neither missed nor counted twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Float,
    Integer,
    Select,
    Subquery,
    Table,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import array

from core.ai_metrics.answers import Asked
from core.ai_metrics.histograms import Counts, packed, quantiles
from core.ai_metrics.models import HISTOGRAM, AiRequest, RequestDelta, RequestRollup
from core.ai_metrics.rollups import HISTOGRAMS, SUMS
from core.ai_metrics.schemas import RequestStatus
from core.periods import Period, pieces
from core.rollups import Grain
from core.tables import table_of
from core.words import NONE

rollups, deltas, raw = table_of(RequestRollup), table_of(RequestDelta), table_of(AiRequest)

TOKENS = ("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens", "total_tokens")
COLUMNS = ("at", "provider", "model", "status", *SUMS, *HISTOGRAMS)
LONGEST_MS = 86_400_000
ALL = "*"
Timing = Literal["latency", "first_token"]


@dataclass(frozen=True)
class Source:
    """Rows of sums. Those that are one request each know its own times; the others have histograms."""

    rows: Subquery
    is_exact: bool

    def total(self, name: str, *, status: RequestStatus | None = None) -> ColumnElement[int]:
        """Return the sum of a column over all rows, or those of a status; 0 of none."""
        summed = func.sum(self.rows.c[name])
        kept = summed.filter(self.rows.c.status == status) if status else summed
        return func.coalesce(cast(kept, BigInteger), 0)

    def timed(self, name: str) -> ColumnElement[int]:
        """Return the sum of a column over what has ended."""
        return func.coalesce(cast(func.sum(self.rows.c[name]).filter(self.rows.c.status != RequestStatus.PENDING), BigInteger), 0)

    def times(self, timing: Timing, ranks: Sequence[float]) -> ColumnElement[Any]:
        """Return what times_of() makes the times at ranks of: packed histograms, or the times themselves."""
        if not self.is_exact:
            return packed(self.rows.c[f"{timing}_histogram"])
        time, wanted = self.rows.c[timing], cast(array([literal(each, Float) for each in ranks]), ARRAY(Float))
        return func.percentile_disc(wanted).within_group(func.greatest(time, 0)).filter(time.is_not(None))


def times_of(found: bytes | Counts | Sequence[float] | None, ranks: Sequence[float]) -> list[int | None]:
    """Return the times at ranks ceil(q * n) in whole milliseconds, None for each when there are none."""
    times = quantiles(found, ranks) if isinstance(found, bytes | np.ndarray) else found
    return [round(each) for each in times] if times else [None] * len(ranks)


def source(asked: Asked, *, by_model: bool = False, by_day: bool = True) -> Source:
    """Return the rows of what is asked: by model when that is wanted, in half hours when whole days are too long."""
    if asked.needs_rows:
        return Source(_requests(asked, asked.period, histograms=False).subquery("sums"), is_exact=True)
    by_model = by_model or asked.provider is not None or asked.model is not None
    cut = pieces(asked.period, by_day=by_day)
    parts = [_rolled_up(asked, Grain.DAY, each, by_model=by_model) for each in cut.days]
    parts += [_rolled_up(asked, Grain.HALF_HOUR, each, by_model=by_model) for each in cut.half_hours]
    parts += [_of_table(deltas, asked, each) for each in cut.unfolded]
    parts += [_requests(asked, each, histograms=True) for each in cut.raw]
    return Source(union_all(*parts).subquery("sums"), is_exact=False)


def matching(table: Table, asked: Asked) -> list[ColumnElement[bool]]:
    """Return the conditions on rows of rollups, of deltas and of requests that all three know."""
    columns, watched = table.c, asked.watched
    wanted = {"app": watched.app, "provider": asked.provider, "model": asked.model, "status": asked.status}
    given = {name: "" if value == NONE else value for name, value in wanted.items() if value}
    return [columns.environment == watched.environment, *(columns[name] == value for name, value in given.items())]


def matching_requests(asked: Asked, period: Period) -> list[ColumnElement[bool]]:
    """Return the conditions on raw rows."""
    columns, watched = raw.c, asked.watched
    found = [columns.created_at >= period.start, columns.created_at < period.end, *matching(raw, asked)]
    if watched.release is not None:
        found.append(columns.release == watched.release)
    if watched.users is not None:
        found.append(columns.user_id.in_(watched.users))
    if asked.error_type is not None:
        is_unnamed = func.coalesce(columns.error_type, "") == ""
        found.append(is_unnamed if asked.error_type == NONE else columns.error_type == asked.error_type)
    if asked.tool is not None:  # most rows call none, which a number says sooner than what is called
        found += [columns.tool_calls_count > 0, columns.tool_calls.contains([{"name": asked.tool}])]
    if asked.conversations is not None:
        found.append(columns.conversation_id.in_(asked.conversations))
    return found


def histogram_of_one(time: ColumnElement[int | None]) -> ColumnElement[list[int]]:
    """Return the histogram of one time."""
    one = literal(1, Integer)
    return func.array_fill(one, array([one]), array([func.latency_bucket(time)]), type_=HISTOGRAM)


def _rolled_up(asked: Asked, grain: Grain, period: Period, *, by_model: bool) -> Select[Any]:
    each = or_(rollups.c.provider != ALL, rollups.c.model != ALL)
    whole = and_(rollups.c.provider == ALL, rollups.c.model == ALL)
    return _of_table(rollups, asked, period).where(rollups.c.grain == grain, each if by_model else whole)


def _of_table(table: Table, asked: Asked, period: Period) -> Select[Any]:
    inside = (table.c["at"] >= period.start, table.c["at"] < period.end)
    return select(*(table.c[name] for name in COLUMNS)).where(*inside, *matching(table, asked))


def _requests(asked: Asked, period: Period, *, histograms: bool) -> Select[Any]:
    """Return requests as rows of sums: with their own times, or with histograms of one, to stand beside rollups."""
    columns = raw.c
    has_tokens_or_is_ok = or_(columns.total_tokens.is_not(None), columns.status == RequestStatus.OK)
    times = {"latency": _time(columns.total_latency_ms), "first_token": _time(columns.first_token_ms)}
    sums: dict[str, ColumnElement[Any]] = {
        "requests": literal(1, Integer),
        "unpriced": cast(and_(columns.cost_usd.is_(None), has_tokens_or_is_ok), Integer),
        **{name: func.coalesce(columns[name], 0) for name in TOKENS},
        "cost_nano": cast(func.coalesce(columns.cost_usd * 1_000_000_000, 0), BigInteger),
        "latencies": cast(times["latency"].is_not(None), Integer),
        "latency_ms": func.coalesce(times["latency"], 0),
        "first_tokens": cast(times["first_token"].is_not(None), Integer),
        "first_token_ms": func.coalesce(times["first_token"], 0),
    }
    keys = (columns.created_at.label("at"), columns.provider, columns.model, columns.status)
    summed = [sums[name].label(name) for name in SUMS]
    timed = [(_histogram(time).label(f"{name}_histogram") if histograms else time.label(name)) for name, time in times.items()]
    return select(*keys, *summed, *timed).where(*matching_requests(asked, period))


def _time(column: ColumnElement[int | None]) -> ColumnElement[int | None]:
    has_one = and_(raw.c.status != RequestStatus.PENDING, column.is_not(None))
    return case((has_one, func.least(column, LONGEST_MS)), else_=null())


def _histogram(time: ColumnElement[int | None]) -> ColumnElement[list[int] | None]:
    return case((time.is_not(None), histogram_of_one(time)), else_=null())
