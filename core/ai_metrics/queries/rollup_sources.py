"""The rows that figures of AI requests are summed from, in one shape: rollups, deltas and raw rows.

Rollups with what is not folded into them yet, and raw rows for what is left of a half hour at the
edges. A filter by one dimension (release, tool), or each of its values beside each other
(by_dimension.py), takes the rollups by dimension; filters that no
rollups know (user, two dimensions) take raw rows alone, which makes percentiles exact. All parts
are one statement: what is folded meanwhile is neither missed nor counted twice. Statements have
parameters and are built once: building one takes longer than reading a week by the day.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Float,
    Integer,
    Label,
    Numeric,
    Select,
    Subquery,
    Table,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session

from core.ai_metrics.ingest.rollups import HISTOGRAMS, SUMS, TOKENS
from core.ai_metrics.models import (
    HISTOGRAM,
    AiRequest,
    DimensionDelta,
    DimensionRollup,
    RequestDelta,
    RequestRollup,
)
from core.ai_metrics.queries.conditions import (
    DIMENSIONS,
    PLAIN,
    VALUES,
    filters_of,
    inside,
    matching,
    matching_between,
    parameters,
)
from core.ai_metrics.queries.intervals import start_of_interval
from core.ai_metrics.queries.latency.percentiles import Counts, packed, quantiles
from core.ai_metrics.queries.rollup_coverage import needs_raw_rows
from core.ai_metrics.schemas import RequestStatus
from core.ai_metrics.views import AiMetricsQuery, Interval
from core.database.rollups import Grain, bounded
from core.database.tables import table_of

raw = table_of(AiRequest)
IN_TOTAL = table_of(RequestRollup), table_of(RequestDelta)
BY_DIMENSION = table_of(DimensionRollup), table_of(DimensionDelta)
COLUMNS = ("at", "provider", "model", "status", *SUMS, *HISTOGRAMS)
LONGEST_MS = 86_400_000
MOST_STATEMENTS = 500
ALL = "*"
# As parameters these would be some more of a hundred.
ZERO = literal_column("0", Integer)
ONE = literal_column("1", Integer)
NANO = literal_column("1000000000", Integer)
NO_VALUE = literal_column("null::text", Text).label("value")
NO_BUCKET = literal_column("null::int", Integer)
NO_HISTOGRAM = literal_column("null::int[]", HISTOGRAM)
Timing = Literal["latency", "first_token"]
TIMINGS: tuple[Timing, ...] = ("latency", "first_token")


@dataclass(frozen=True)
class RollupSource:
    """Rows of sums: single requests with their times, or rollups with histograms."""

    rows: Subquery
    is_exact: bool

    def total(self, name: str, *, status: RequestStatus | None = None) -> ColumnElement[int]:
        """Return the sum of a column over all rows, or those of a status; 0 of none."""
        summed = func.sum(self.rows.c[name])
        kept = summed.filter(self.rows.c.status == status) if status else summed
        return bounded(func.coalesce(kept, ZERO), BigInteger())

    def timed(self, name: str) -> ColumnElement[int]:
        """Return the sum of a column over completed requests."""
        has_ended = self.rows.c.status != RequestStatus.PENDING
        return func.coalesce(cast(func.sum(self.rows.c[name]).filter(has_ended), BigInteger), ZERO)

    def times(self, timing: Timing, ranks: Sequence[float]) -> ColumnElement[Any]:
        """Return the input of times_of(): packed histograms, or percentiles of the times."""
        if not self.is_exact:
            return self.packed(timing)
        time = self.rows.c[timing]
        wanted = cast(array([literal(each, Float) for each in ranks]), ARRAY(Float))
        return (
            func.percentile_disc(wanted)
            .within_group(func.greatest(time, 0))
            .filter(time.is_not(None))
        )

    def packed(self, timing: Timing) -> ColumnElement[bytes]:
        """Return the packed histograms, or the buckets of single requests."""
        if self.is_exact:
            return packed(NO_HISTOGRAM, bucket_of_time(self.rows.c[timing]))
        return packed(self.rows.c[f"{timing}_histogram"], self.rows.c[f"{timing}_bucket"])


Columns = Callable[[RollupSource], Sequence[Label[Any]]]


@dataclass(frozen=True)
class StatementShape:
    """What distinguishes statements besides parameters: filters and grouping."""

    filters: frozenset[str]
    is_exact: bool
    by_model: bool = False
    step: Interval | None = None
    dimension: str | None = None  # of which each value is a group; the group null is all requests

    @property
    def tables(self) -> tuple[Table, Table]:
        """The rollups and the deltas that have the columns of the filters."""
        is_in_total = self.dimension in (None, *PLAIN) and self.filters.isdisjoint(DIMENSIONS)
        return IN_TOTAL if is_in_total else BY_DIMENSION

    @property
    def needs_models(self) -> bool:
        """Whether rollups by model are read, rather than those of all models."""
        return self.by_model or not {*self.filters, self.dimension}.isdisjoint(
            {"provider", "model"}
        )


def read_sums(
    session: Session,
    query: AiMetricsQuery,
    columns: Columns,
    *,
    by_model: bool = False,
    step: Interval | None = None,
) -> list[dict[str, Any]]:
    """Return columns in total, by interval (`at`, its start) or by `provider` and `model`.

    `columns` is a module's function: its statement is cached by the function's identity.
    """
    shape = StatementShape(filters_of(query), needs_raw_rows(session, query), by_model, step)
    return read_shape(session, query, shape, columns)


def read_shape(
    session: Session, query: AiMetricsQuery, shape: StatementShape, columns: Columns
) -> list[dict[str, Any]]:
    """Return the same, and by `value` where the shape has a dimension."""
    given = parameters(query, by_day=shape.step is None or shape.step.is_of_days)
    found = session.execute(statement_of(shape, columns), given)
    names = list(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found.all()]


def read_sums_and_total(
    session: Session, query: AiMetricsQuery, columns: Columns, step: Interval
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Return columns by interval; and in total when read from raw rows, whose percentiles do not
    add up as histograms do.
    """
    rows = read_sums(session, query, columns, step=step)
    return rows, read_sums(session, query, columns)[0] if needs_raw_rows(session, query) else None


@lru_cache(MOST_STATEMENTS)
def statement_of(shape: StatementShape, columns: Columns) -> Select[Any]:
    """Return the statement of a shape, which is built once."""
    given = RollupSource(_rows(shape).subquery("sums"), shape.is_exact)
    keys: list[ColumnElement[Any]] = (
        [start_of_interval(given.rows.c.at, shape.step).label("at")] if shape.step else []
    )
    keys += [given.rows.c.provider, given.rows.c.model] if shape.by_model else []
    keys += [given.rows.c.value] if shape.dimension else []
    return select(*keys, *columns(given)).group_by(*keys)


def _rows(shape: StatementShape) -> CompoundSelect[Any] | Select[Any]:
    """Return rows of sums, of a period that parameters cut as _edges() does."""
    if shape.is_exact:
        return _requests(shape, ("start", "end"))
    if shape.dimension in (None, *PLAIN, *shape.filters):
        return union_all(*_parts(shape))
    return union_all(*_parts(shape), *_parts(replace(shape, dimension=None)))


def _parts(shape: StatementShape) -> list[Select[Any]]:
    return [
        _rolled_up(shape, Grain.DAY, ("days_start", "days_end")),
        _rolled_up(shape, Grain.HALF_HOUR, ("inner_start", "days_start")),
        _rolled_up(shape, Grain.HALF_HOUR, ("days_end", "inner_end")),
        _of_table(shape.tables[1], shape, ("inner_start", "inner_end")),
        _requests(shape, ("start", "inner_start")),
        _requests(shape, ("inner_end", "end")),
    ]


def times_of(
    found: bytes | Counts | Sequence[float] | None, ranks: Sequence[float]
) -> list[int | None]:
    """Return the times at ranks ceil(q * n) in milliseconds; None when there are none."""
    times = quantiles(found, ranks) if isinstance(found, bytes | np.ndarray) else found
    return [round(each) for each in times] if times else [None] * len(ranks)


def bucket_of_time(time: ColumnElement[int | None]) -> ColumnElement[int]:
    """Return the bucket of a histogram that a time belongs to; null of none."""
    return func.latency_bucket(time, type_=Integer)


def _rolled_up(shape: StatementShape, grain: Grain, edges: tuple[str, str]) -> Select[Any]:
    rollups, _ = shape.tables
    # One table has the rows by model and the row over all: both together would count twice
    each = or_(rollups.c.provider != ALL, rollups.c.model != ALL)
    whole = and_(rollups.c.provider == ALL, rollups.c.model == ALL)
    of_grain = rollups.c.grain == grain
    return _of_table(rollups, shape, edges).where(of_grain, each if shape.needs_models else whole)


def _of_table(table: Table, shape: StatementShape, edges: tuple[str, str]) -> Select[Any]:
    within = inside(table.c["at"], edges)
    columns = [table.c[name] for name in COLUMNS]
    buckets = [NO_BUCKET.label(f"{name}_bucket") for name in TIMINGS]
    found = select(*columns, *buckets).where(*within, *matching(table, shape.filters))
    if shape.dimension is None:
        return found.add_columns(NO_VALUE)
    if shape.dimension in PLAIN:
        return found.add_columns(table.c[shape.dimension].label("value"))
    return found.add_columns(table.c.value).where(table.c.dimension == shape.dimension)


def _requests(shape: StatementShape, edges: tuple[str, str]) -> Select[Any]:
    """Return requests as rows of sums, with times, or with their buckets beside rollups."""
    columns, nano = raw.c, raw.c.cost_usd * NANO
    has_tokens_or_is_ok = or_(columns.total_tokens.is_not(None), columns.status == RequestStatus.OK)
    times = {
        "latency": time_of(columns.total_latency_ms),
        "first_token": time_of(columns.first_token_ms),
    }
    sums: dict[str, ColumnElement[Any]] = {
        "requests": ONE,
        "unpriced": cast(and_(columns.cost_usd.is_(None), has_tokens_or_is_ok), Integer),
        "priced": cast(columns.cost_usd.is_not(None), Integer),
        **{name: func.coalesce(columns[name], ZERO) for name in TOKENS},
        "cost_nano": cast(func.coalesce(nano, ZERO), BigInteger),
        "cost_squares": cast(func.coalesce(nano * nano, ZERO), Numeric(40, 0)),
        "latencies": cast(times["latency"].is_not(None), Integer),
        "latency_ms": func.coalesce(times["latency"], ZERO),
        "first_tokens": cast(times["first_token"].is_not(None), Integer),
        "first_token_ms": func.coalesce(times["first_token"], ZERO),
    }
    keys = (columns.created_at.label("at"), columns.provider, columns.model, columns.status)
    summed = [sums[name].label(name) for name in SUMS]
    buckets = [bucket_of_time(time).label(f"{name}_bucket") for name, time in times.items()]
    no_histograms = [NO_HISTOGRAM.label(name) for name in HISTOGRAMS]
    timed = (
        [time.label(name) for name, time in times.items()]
        if shape.is_exact
        else [*no_histograms, *buckets]
    )
    value = VALUES[shape.dimension].label("value") if shape.dimension else NO_VALUE
    rows = select(*keys, *summed, *timed, value).where(*matching_between(shape.filters, edges))
    has_value = shape.dimension not in (None, *PLAIN) and not shape.is_exact
    return rows.where(value.element.is_not(None)) if has_value else rows


def time_of(column: ColumnElement[int | None]) -> ColumnElement[int | None]:
    """Return a time of a request; null for a pending one."""
    has_one = and_(raw.c.status != RequestStatus.PENDING, column.is_not(None))
    return case((has_one, func.least(column, LONGEST_MS)), else_=null())
