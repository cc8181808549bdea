"""List `daily_metrics`: one figure of one ended day, with its dimensions."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Text, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from core.database.paging import CursorRefused, SortedPage, Window
from core.database.tables import storable, table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.presentation.periods import Period
from core.system.models import DailyMetric

daily = table_of(DailyMetric).c


@dataclass(frozen=True)
class DailyMetricFilter:
    """Filters of daily figures: a period, an environment, and types of figures (all if empty)."""

    period: Period
    environment: str
    metric_types: tuple[str, ...] = ()


class DailyMetricRow(View):
    """A figure of a day of the reporting time zone."""

    date: date
    metric_type: str
    metric_value: float
    dimensions: dict[str, Any]


@dataclass(frozen=True)
class DailyMetricCursor:
    """The last row of a page, by the table's key."""

    date: date
    metric_type: str
    dimensions: dict[str, Any]

    def __str__(self) -> str:
        """Return the cursor as in an address."""
        parts = [self.date.isoformat(), self.metric_type, self.dimensions]
        return urlsafe_b64encode(json.dumps(parts).encode()).decode()

    @classmethod
    def read(cls, given: str) -> "DailyMetricCursor":
        """Parse a cursor from an address; raise CursorRefused."""
        try:
            day, metric_type, dimensions = json.loads(urlsafe_b64decode(given.encode()))
            # A cursor may have been written by hand: Postgres refuses NUL
            return cls(date.fromisoformat(day), storable(metric_type), dict(dimensions))
        except (ValueError, TypeError, AttributeError, RecursionError):
            raise CursorRefused from None

    @classmethod
    def of(cls, row: DailyMetricRow) -> "DailyMetricCursor":
        """Return the cursor of a row."""
        return cls(row.date, row.metric_type, row.dimensions)


def list_daily_metrics(
    session: Session,
    filters: DailyMetricFilter,
    *,
    window: Window,
    after: DailyMetricCursor | None = None,
    actor: Actor,
) -> SortedPage[DailyMetricRow]:
    """Return figures by day, type and dimensions, oldest first."""
    items = read_daily_metrics(session, filters, window=window, after=after, actor=actor)
    total = session.scalar(select(func.count()).where(*_conditions(filters))) or 0
    is_full = len(items) == window.limit
    return window.sorted_page(
        items, total, str(DailyMetricCursor.of(items[-1])) if is_full else None
    )


def read_daily_metrics(
    session: Session,
    filters: DailyMetricFilter,
    *,
    window: Window,
    after: DailyMetricCursor | None = None,
    actor: Actor,
) -> list[DailyMetricRow]:
    """Return figures without counting all of them."""
    require(actor, Permission.WATCH)
    key = (daily.date, daily.metric_type, daily.dimensions)
    rows = select(*key, daily.metric_value).where(*_conditions(filters)).order_by(*key)
    if after is not None:
        last = tuple_(
            literal(after.date, Date()),
            literal(after.metric_type, Text()),
            literal(after.dimensions, JSONB()),
        )
        rows = rows.where(tuple_(*key) > last)
    found = session.execute(rows.limit(window.limit).offset(window.offset)).mappings()
    return [DailyMetricRow.model_validate(dict(row)) for row in found]


def _conditions(filters: DailyMetricFilter) -> list[ColumnElement[bool]]:
    period = filters.period
    of_types = [daily.metric_type.in_(filters.metric_types)] if filters.metric_types else []
    return [
        daily.date.between(period.first_day, period.last_day),
        daily.dimensions["environment"].astext == filters.environment,
        *of_types,
    ]
