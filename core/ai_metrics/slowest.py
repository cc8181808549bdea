"""Where the slowest requests are: no index says so, but the histograms of half hours do; those without any are left out."""

import numpy as np
from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from core.ai_metrics.answers import Asked, Interval
from core.ai_metrics.histograms import packed, summed
from core.ai_metrics.series import bucket
from core.ai_metrics.sources import raw, source
from core.periods import HALF_HOUR

MOST = 400  # ranges in one question; beyond them all is looked through


def where_slowest(session: Session, asked: Asked, count: int) -> ColumnElement[bool] | None:
    """Return the condition on raw rows that keeps so many of the slowest; None when it cannot be narrowed down."""
    if asked.needs_rows:
        return None
    given = source(asked, by_day=False)
    at = bucket(given, Interval.HALF_HOUR, asked.period.zone).label("at")
    rows = session.execute(select(at, packed(given.rows.c.latency_histogram).label("times")).group_by(at)).all()
    times = {row.at: summed(row.times) for row in rows if row.times}
    if not times:
        return false()
    at_least = np.cumsum(np.sum(list(times.values()), axis=0)[::-1])[::-1]  # so many took as long as a bucket, or longer
    enough = np.flatnonzero(at_least >= count)
    lowest = int(enough[-1]) if enough.size else 0
    found = [each for each, counts in times.items() if counts[lowest:].any()]
    if len(found) > MOST:
        return None
    return or_(*(and_(raw.c.created_at >= each, raw.c.created_at < each + HALF_HOUR) for each in found))
