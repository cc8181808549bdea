"""What tools were called within requests: from rollups and deltas, or from requests when a filter asks for what those lack."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Subquery,
    Table,
    case,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from core import stats
from core.ai_metrics.answers import Asked, ToolFigures, Tools, ToolTotals
from core.ai_metrics.figures import mean, rate
from core.ai_metrics.histograms import packed
from core.ai_metrics.models import ToolDelta, ToolRollup
from core.ai_metrics.sources import LONGEST_MS, histogram_of_one, matching_requests, raw, times_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.periods import Period, pieces
from core.rollups import Grain
from core.tables import table_of

rollups, deltas = table_of(ToolRollup), table_of(ToolDelta)
COLUMNS = ("tool", "calls", "errors", "durations", "duration_ms", "duration_histogram")
RANKS = (0.5, 0.95, 0.99)
LEVEL, TOLERATED = 0.01, 0.05
NUMBER = "^-?[0-9]{1,9}$"


def tools(session: Session, asked: Asked, *, actor: Actor) -> Tools:
    """Return which tools were called how often, how many calls failed, and how long they took."""
    require(actor, Permission.WATCH)
    found, before = tool_figures(session, asked), tool_figures(session, asked.previous)
    totals, start, end = _totals(found), asked.period.start, asked.period.end
    return Tools(**totals.model_dump(), start=start, end=end, tools=found, previous=_totals(before))


def failing(session: Session, asked: Asked, *, actor: Actor) -> list[ToolFigures]:
    """Return the tools of which surely more than one call in twenty fails, the worst first."""
    require(actor, Permission.WATCH)
    found = tool_figures(session, asked)
    bad = [each for each in found if stats.chance_of_so_many(each.error_count, each.calls, TOLERATED) < LEVEL / len(found)]
    return sorted(bad, key=lambda each: each.error_count / each.calls, reverse=True)


def tool_figures(session: Session, asked: Asked) -> list[ToolFigures]:
    """Return the figures of each tool, the one that was called most first."""
    calls = _calls(asked)
    summed = {
        name: cast(func.sum(calls.c[name]), BigInteger).label(name) for name in ("calls", "errors", "durations", "duration_ms")
    }
    times = packed(calls.c.duration_histogram).label("times")
    rows = session.execute(select(calls.c.tool, *summed.values(), times).group_by(calls.c.tool)).mappings().all()
    every = sum(row["calls"] for row in rows)
    found = [_figures_of(dict(row), every) for row in rows if row["calls"]]
    return sorted(found, key=lambda each: (-each.calls, each.tool))


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


def _calls(asked: Asked) -> Subquery:
    if asked.needs_rows or asked.provider is not None or asked.model is not None or asked.status is not None:
        return _of_requests(asked, asked.period).subquery("calls")
    cut = pieces(asked.period)
    parts = [_of_table(rollups, asked, each).where(rollups.c.grain == Grain.DAY) for each in cut.days]
    parts += [_of_table(rollups, asked, each).where(rollups.c.grain == Grain.HALF_HOUR) for each in cut.half_hours]
    parts += [_of_table(deltas, asked, each) for each in cut.unfolded]
    parts += [_of_requests(asked, each) for each in cut.raw]
    return union_all(*parts).subquery("calls")


def _of_table(table: Table, asked: Asked, period: Period) -> Select[Any]:
    columns = table.c
    wanted = [columns["at"] >= period.start, columns["at"] < period.end, columns.environment == asked.watched.environment]
    if asked.watched.app:
        wanted.append(columns.app == asked.watched.app)
    return select(*(columns[name] for name in COLUMNS)).where(*wanted)


def _of_requests(asked: Asked, period: Period) -> Select[Any]:
    """Return the calls in requests as rows of sums, read as they were when they were rolled up."""
    called = func.jsonb_array_elements(raw.c.tool_calls).table_valued("value", name="call").render_derived()
    call: ColumnElement[Any] = called.c.value
    said = call.op("->>")("duration_ms")
    duration: ColumnElement[Any] = case((said.op("~")(NUMBER), func.least(cast(said, Integer), LONGEST_MS)), else_=null())
    return (
        select(
            func.coalesce(func.left(call.op("->>")("name"), 200), "").label("tool"),
            literal(1, Integer).label("calls"),
            cast(call.op("?")("error"), Integer).label("errors"),
            cast(duration.is_not(None), Integer).label("durations"),
            func.coalesce(duration, 0).label("duration_ms"),
            case((duration.is_not(None), histogram_of_one(duration)), else_=null()).label("duration_histogram"),
        )
        .select_from(raw)
        .join(called, literal(True))
        .where(raw.c.tool_calls.is_not(None), *matching_requests(asked, period))
    )
