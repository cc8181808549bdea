"""Tool calls: from rollups and deltas, with a filter from those by dimension, or from raw requests
when filters need them.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    Table,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from core.ai_metrics.ingest.rollups import EVERY, OTHERS
from core.ai_metrics.models import ToolDelta, ToolDimensionDelta, ToolDimensionRollup, ToolRollup
from core.ai_metrics.queries.conditions import (
    DIMENSIONS,
    filters_of,
    inside,
    matching,
    matching_between,
    parameters,
)
from core.ai_metrics.queries.figures import mean
from core.ai_metrics.queries.latency.percentiles import packed
from core.ai_metrics.queries.rollup_coverage import has_all_rows, tools_need_raw_rows
from core.ai_metrics.queries.rollup_sources import (
    ALL,
    LONGEST_MS,
    MOST_STATEMENTS,
    NO_BUCKET,
    NO_HISTOGRAM,
    ONE,
    ZERO,
    bucket_of_time,
    raw,
    times_of,
)
from core.ai_metrics.views import AiMetricsQuery, ToolFigures, Tools, ToolTotals
from core.database.rollups import Grain
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.statistics.rates import chances_of_so_many, rate

IN_TOTAL = table_of(ToolRollup), table_of(ToolDelta)
BY_DIMENSION = table_of(ToolDimensionRollup), table_of(ToolDimensionDelta)
COLUMNS = ("tool", "calls", "errors", "durations", "duration_ms", "duration_histogram")
RANKS = (0.5, 0.95, 0.99)
# A tool is a finding where surely more than one call in twenty fails (docs/decisions/0018)
LEVEL, TOLERATED = 0.01, 0.05
KNOWN = frozenset({"environment", "app"})  # the filters that rollups in total have
# As in tool_sums.sql: casting anything else would fail the whole statement
NUMBER = "^-?[0-9]{1,9}$"


def tools(session: Session, query: AiMetricsQuery, *, actor: Actor) -> Tools:
    """Return tools with their calls, failed calls and durations."""
    require(actor, Permission.WATCH)
    found, before = tool_figures(session, query), query.previous
    return Tools(
        **_totals(found).model_dump(),
        start=query.period.start,
        end=query.period.end,
        tools=found,
        previous=_totals(tool_figures(session, before)),
        is_previous_whole=not _needs_raw_rows(session, before) or has_all_rows(session, before),
    )


def failing(
    session: Session, query: AiMetricsQuery, *, looks: int = 1, actor: Actor
) -> list[ToolFigures]:
    """Return the tools of which surely more than one call in twenty fails, the worst first; the
    level is divided by how often one looks.
    """
    require(actor, Permission.WATCH)
    found = tool_figures(session, query)
    chances = chances_of_so_many([(each.error_count, each.calls, TOLERATED) for each in found])
    # Bonferroni: of a hundred tools, one would fail by chance at the level itself
    level = LEVEL / (max(len(found), 1) * looks)
    bad = [each for each, chance in zip(found, chances, strict=True) if chance < level]
    return sorted(bad, key=lambda each: each.error_count / each.calls, reverse=True)


def tool_figures(session: Session, query: AiMetricsQuery) -> list[ToolFigures]:
    """Return the figures of each tool, the one that was called most first."""
    statement = _statement(filters_of(query), is_exact=_needs_raw_rows(session, query))
    rows = session.execute(statement, parameters(query)).mappings().all()
    every = sum(row["calls"] for row in rows)
    found = [_figures_of(dict(row), every) for row in rows if row["calls"]]
    return sorted(found, key=lambda each: (-each.calls, each.tool))


def _needs_raw_rows(session: Session, query: AiMetricsQuery) -> bool:
    return not filters_of(query) <= KNOWN and tools_need_raw_rows(session, query)


@lru_cache(MOST_STATEMENTS)
def _statement(filters: frozenset[str], *, is_exact: bool) -> Select[Any]:
    calls = _calls(filters, is_exact=is_exact).subquery("calls")
    summed = [
        cast(func.sum(calls.c[name]), BigInteger).label(name)
        for name in ("calls", "errors", "durations", "duration_ms")
    ]
    times = packed(calls.c.duration_histogram, calls.c.duration_bucket).label("times")
    return select(calls.c.tool, *summed, times).group_by(calls.c.tool)


def _figures_of(row: dict[str, Any], every: int) -> ToolFigures:
    p50, p95, p99 = times_of(row["times"], RANKS)
    return ToolFigures(
        tool=row["tool"],
        calls=row["calls"],
        error_count=row["errors"],
        error_rate=rate(row["errors"], row["calls"]),
        share=row["calls"] / every,
        avg_duration_ms=mean(row["duration_ms"], row["durations"]),
        p50_duration_ms=p50,
        p95_duration_ms=p95,
        p99_duration_ms=p99,
    )


def _totals(found: list[ToolFigures]) -> ToolTotals:
    calls, errors = sum(each.calls for each in found), sum(each.error_count for each in found)
    return ToolTotals(calls=calls, error_count=errors, error_rate=rate(errors, calls))


def _calls(filters: frozenset[str], *, is_exact: bool) -> CompoundSelect[Any] | Select[Any]:
    if is_exact:
        return _of_requests(filters, ("start", "end"))
    _, deltas = IN_TOTAL if filters <= KNOWN else BY_DIMENSION
    return union_all(
        _rolled_up(filters, Grain.DAY, ("days_start", "days_end")),
        _rolled_up(filters, Grain.HALF_HOUR, ("inner_start", "days_start")),
        _rolled_up(filters, Grain.HALF_HOUR, ("days_end", "inner_end")),
        _of_table(deltas, filters, ("inner_start", "inner_end")),
        _of_requests(filters, ("start", "inner_start")),
        _of_requests(filters, ("inner_end", "end")),
    )


def _rolled_up(filters: frozenset[str], grain: Grain, edges: tuple[str, str]) -> Select[Any]:
    rollups, _ = IN_TOTAL if filters <= KNOWN else BY_DIMENSION
    found = _of_table(rollups, filters, edges).where(rollups.c.grain == grain)
    if filters <= KNOWN:
        return found
    if filters.isdisjoint({"provider", "model"}):
        return found.where(rollups.c.provider == ALL, rollups.c.model == ALL)
    return found.where(or_(rollups.c.provider != ALL, rollups.c.model != ALL))


def _of_table(table: Table, filters: frozenset[str], edges: tuple[str, str]) -> Select[Any]:
    columns = [*(table.c[name] for name in COLUMNS), NO_BUCKET.label("duration_bucket")]
    found = select(*columns).where(*inside(table.c["at"], edges), *matching(table, filters))
    if table in BY_DIMENSION and filters.isdisjoint(DIMENSIONS):
        return found.where(table.c.dimension == EVERY, table.c.value == OTHERS)
    return found


def _of_requests(filters: frozenset[str], edges: tuple[str, str]) -> Select[Any]:
    """Return the calls in requests as rows of sums, read as they were when they were rolled up."""
    called = (
        func.jsonb_array_elements(raw.c.tool_calls)
        .table_valued("value", name="call")
        .render_derived()
    )
    call: ColumnElement[Any] = called.c.value
    said = call.op("->>")("duration_ms")
    duration: ColumnElement[Any] = case(
        (said.op("~")(NUMBER), func.least(cast(said, Integer), LONGEST_MS)), else_=null()
    )
    columns: list[ColumnElement[Any]] = [
        func.coalesce(func.left(call.op("->>")("name"), 200), "").label("tool"),
        ONE.label("calls"),
        cast(call.op("?")("error"), Integer).label("errors"),
        cast(duration.is_not(None), Integer).label("durations"),
        func.coalesce(duration, ZERO).label("duration_ms"),
        NO_HISTOGRAM.label("duration_histogram"),
        bucket_of_time(duration).label("duration_bucket"),
    ]
    wanted = matching_between(filters, edges)
    return (
        select(*columns)
        .select_from(raw)
        .join(called, literal(True))
        .where(raw.c.tool_calls.is_not(None), *wanted)
    )
