"""Which queries rollups can answer; the others read raw rows.

Rollups have totals, and the values of one dimension at a time.
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.ai_metrics.ingest.rollups import MOST_VALUES
from core.ai_metrics.models import DimensionMonth
from core.ai_metrics.views import AiMetricsQuery
from core.database import settings
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation.formatting import NONE

LONGEST_VALUE = 200  # characters; as request_dimensions() has it
own = table_of(DimensionMonth).c


def needs_raw_rows(session: Session, query: AiMetricsQuery) -> bool:
    """Return whether raw rows are needed.

    Rollups have no column for some filters, only one dimension at a time, and not each of its
    values.
    """
    named = query.dimensions
    if query.watched.user_id is not None or query.conversation is not None or len(named) > 1:
        return True
    return any(not _has_rollups(session, query, *each) for each in named.items())


def tools_need_raw_rows(session: Session, query: AiMetricsQuery) -> bool:
    """Return whether raw rows are needed to filter the calls of tools."""
    since = settings.read(session, settings.ToolDimensionRollups).since
    is_built = since is None or since <= query.period.start
    return not is_built or needs_raw_rows(session, query)


def have_each_value(session: Session, query: AiMetricsQuery, dimension: str) -> bool:
    """Return whether rollups have rows for each value of a dimension, or all but the rarest."""
    is_by_another = not query.dimensions.keys() <= {dimension}
    return not is_by_another and _is_built(session, query) and not needs_raw_rows(session, query)


def is_all_there(session: Session, query: AiMetricsQuery, dimension: str | None = None) -> bool:
    """Return whether retention has removed none of the rows that a query reads, by the values of a
    dimension where not all rollups have it.
    """
    is_exact = (
        needs_raw_rows(session, query)
        if dimension is None
        else not have_each_value(session, query, dimension)
    )
    return not is_exact or has_all_rows(session, query)


def has_all_rows(session: Session, query: AiMetricsQuery) -> bool:
    """Return whether retention has deleted no request of a period."""
    return settings.read(session, settings.Sealed).has_all(query.period.start, "ai_request_metrics")


def deleted_until(session: Session, query: AiMetricsQuery, *, actor: Actor) -> datetime | None:
    """Return up to when retention has deleted rows that a query reads, or None."""
    require(actor, Permission.WATCH)
    if not needs_raw_rows(session, query):
        return None
    sealed = settings.read(session, settings.Sealed)
    return sealed.gap_after(query.period.start, "ai_request_metrics")


def _has_rollups(session: Session, query: AiMetricsQuery, dimension: str, value: str) -> bool:
    """Return whether a value has rollups of its own in the whole period."""
    if not _is_built(session, query) or value in ("", NONE) or len(value) > LONGEST_VALUE:
        return False
    # In a month that has room the value has rollups of its own, or no request but those in deltas.
    is_full = func.count() >= MOST_VALUES
    without = (
        select(own.month)
        .where(
            own.environment == query.watched.environment,
            own.dimension == dimension,
            own.month >= func.date_trunc("month", query.period.start, "UTC"),
            own.month < query.period.end,
        )
        .group_by(own.month)
        .having(is_full, ~func.bool_or(own.value == value))
    )
    return session.scalar(without.limit(1)) is None


def _is_built(session: Session, query: AiMetricsQuery) -> bool:
    since = settings.read(session, settings.DimensionRollups).since
    return since is None or since <= query.period.start
