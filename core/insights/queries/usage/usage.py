"""Usage of model calls, read from an index that holds all of its columns.

Calls are counted by group and bucket of time, so that one pass gives sums and percentiles.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, DateTime, RowMapping, bindparam, case, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from core.ai_metrics.queries.latency.percentiles import LOWEST, MIDDLES, quantiles
from core.ai_metrics.queries.rollup_sources import bucket_of_time
from core.cache.large_workspaces import cached_if_large
from core.database.tables import table_of
from core.executions.models import Execution
from core.executions.schemas import ExecutionStatus
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.insights.queries.usage.usage_names import UsageName, names_of
from core.insights.usage import UsageDimension, UsageFigures, UsagePoint, UsageReport, UsageRow
from core.platform import clock
from core.playground.models import PlaygroundSession
from core.presentation.periods import Period, day_of, midnight
from core.statistics.rates import rate

executions, sessions = table_of(Execution), table_of(PlaygroundSession)
COLUMNS: Mapping[UsageDimension, ColumnElement[Any]] = {
    UsageDimension.MODEL: executions.c.model_id,
    UsageDimension.PROJECT: sessions.c.project,
    UsageDimension.PROMPT: executions.c.template_version_id,
    UsageDimension.PROMPT_VERSION: executions.c.template_version_id,
    UsageDimension.ACCOUNT: executions.c.owner,
    UsageDimension.KEY: executions.c.key_id,
}
# A call that used none has nothing to price
HAS_TOKENS = or_(executions.c.input_tokens > 0, executions.c.output_tokens > 0)
SUMS: Mapping[str, ColumnElement[Any]] = {
    "calls": func.count(),
    "cached_calls": func.count(executions.c.cached_from),
    "errors": func.count().filter(executions.c.status == ExecutionStatus.FAILED),
    "input_tokens": func.coalesce(func.sum(executions.c.input_tokens), 0),
    "output_tokens": func.coalesce(func.sum(executions.c.output_tokens), 0),
    "cost_usd": func.coalesce(func.sum(executions.c.cost_usd), 0),
    "priced_calls": func.count(executions.c.cost_usd),
    "unpriced_calls": func.count().filter(executions.c.cost_usd.is_(None), HAS_TOKENS),
}
RANKS = (0.95,)


class Sums:
    """Sums of calls, and how many there are by bucket of time."""

    def __init__(self) -> None:
        self.totals: dict[str, Any] = dict.fromkeys(SUMS, 0)
        self.times = np.zeros(len(MIDDLES), np.int64)

    def add(self, row: RowMapping) -> None:
        """Add the calls of one bucket, of None when their times are unknown."""
        for name in SUMS:
            self.totals[name] += row[name]
        if row["bucket"] is not None:
            self.times[row["bucket"] - LOWEST] += row["calls"]

    def figures(self) -> dict[str, Any]:
        """Return the fields of UsageFigures."""
        totals, times = self.totals, quantiles(self.times, RANKS)
        return {
            **totals,
            "error_rate": rate(totals["errors"], totals["calls"]),
            "p95_time_ms": round(times[0]) if times else None,
        }


def usage(
    session: Session, period: Period, group_by: UsageDimension, *, actor: Actor
) -> UsageReport:
    """Return the usage of a period: of all calls for admins, else of the actor's own."""
    require(actor, Permission.RUN_MODELS)
    key = ("usage", period, group_by, actor.id, may(actor, Permission.READ_ALL_USAGE))
    return cached_if_large(session, key, lambda: _report(session, period, group_by, actor))


def _report(
    session: Session, period: Period, group_by: UsageDimension, actor: Actor
) -> UsageReport:
    points = _rows_over_time(session, period, actor)
    before = period.before(clock.now())
    points_before = _rows_over_time(session, before, actor)
    named = (
        _days_newest_first(points, period)
        if group_by is UsageDimension.DAY
        else _groups(session, period, group_by, actor)
    )
    total = _total(points)
    rows = [_row(name, sums, total) for name, sums in named]
    if group_by is not UsageDimension.DAY:
        rows.sort(key=lambda row: (-row.cost_usd, -row.calls, row.name or ""))
    return UsageReport(
        period=period,
        group_by=group_by,
        total=total,
        previous=_total(points_before),
        rows=rows,
        series=_series(points, period),
        previous_series=_series(points_before, before),
    )


def _groups(
    session: Session, period: Period, group_by: UsageDimension, actor: Actor
) -> Iterable[tuple[UsageName, Sums]]:
    rows = _read(session, period, COLUMNS[group_by], actor)
    names = names_of(session, group_by, {row["key"] for row in rows}, actor=actor)
    return _sums(rows, names).items()


def _days_newest_first(rows: list[RowMapping], period: Period) -> Iterable[tuple[UsageName, Sums]]:
    """Return the days with calls."""
    starts = _starts(period)
    days = {row["key"]: f"{day_of(starts[row['key'] - 1], period.zone)}" for row in rows}
    found = sorted(_sums(rows, days).items(), reverse=True)
    return [(UsageName(day, day), sums) for day, sums in found]


def _row(name: UsageName, sums: Sums, total: UsageFigures) -> UsageRow:
    figures = sums.figures()
    # Between the two reads a call may have ended
    share = figures["calls"] / max(total.calls, figures["calls"])
    return UsageRow(**name._asdict(), share=share, **figures)


def _series(rows: list[RowMapping], period: Period) -> list[UsagePoint]:
    """Return all points of a period, those without calls too."""
    found = _sums(rows, {row["key"]: row["key"] for row in rows})
    return [
        UsagePoint(at=start, **found.get(number, Sums()).figures())
        for number, start in enumerate(_starts(period), 1)
    ]


def _total(rows: list[RowMapping]) -> UsageFigures:
    found = Sums()
    for row in rows:
        found.add(row)
    return UsageFigures(**found.figures())


def _sums(rows: Iterable[RowMapping], groups: Mapping[Any, Any]) -> dict[Any, Sums]:
    """Return the sums by the group of each row's key."""
    found: dict[Any, Sums] = {}
    for row in rows:
        found.setdefault(groups[row["key"]], Sums()).add(row)
    return found


def _rows_over_time(session: Session, period: Period, actor: Actor) -> list[RowMapping]:
    """Return sums by the number of the day or the hour, from 1."""
    # date_trunc in a time zone takes four times as long
    starts = bindparam("starts", _starts(period), ARRAY(DateTime(timezone=True)))
    return _read(session, period, func.width_bucket(executions.c.created_at, starts), actor)


def _starts(period: Period) -> list[datetime]:
    if period.is_one_day:
        return period.hours_by(period.end)
    return [midnight(day, period.zone) for day in period.days]


def _read(
    session: Session, period: Period, key: ColumnElement[Any], actor: Actor
) -> list[RowMapping]:
    # Answers from the cache, and stopped ones, would make models look faster than they are
    is_whole = executions.c.status != ExecutionStatus.CANCELLED
    is_called = executions.c.cached_from.is_(None)
    bucket = case((is_called & is_whole, bucket_of_time(executions.c.execution_time_ms)))
    sums = (column.label(name) for name, column in SUMS.items())
    query = select(key.label("key"), bucket.label("bucket"), *sums).where(
        executions.c.created_at >= period.start,
        executions.c.created_at < period.end,
        executions.c.status != ExecutionStatus.PENDING,
    )
    # Only projects need the sessions: all else is read from the index alone
    if key is sessions.c.project:
        query = query.outerjoin_from(executions, sessions, sessions.c.id == executions.c.session_id)
    if not may(actor, Permission.READ_ALL_USAGE):
        own = executions.c.key_id if actor.is_program else executions.c.owner
        query = query.where(own == actor.id)
    return list(session.execute(query.group_by("key", "bucket")).mappings())
