"""The usual duration of a batch job: the median of the last completed runs before each run."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

LAST, FEWEST, SLOW = 30, 5, 1.2

USUAL = text(f"""
select run.id, usual from batch_run_history as run cross join lateral (
    select percentile_disc(0.5) within group (order by took) as usual from (
        select completed_at - started_at as took from batch_run_history as good
        where (batch_job, environment, app) = (run.batch_job, run.environment, run.app)
            and status = 'completed' and completed_at is not null and good.started_at < run.started_at
        order by started_at desc limit {LAST}
    ) as last having count(*) >= {FEWEST}
) as known where run.id = any(:ids)""")  # noqa: S608  numbers of our own


def usual_durations(session: Session, ids: Sequence[UUID]) -> dict[UUID, timedelta]:
    """Return how long runs like these took before each of them; of those with too few before them, nothing."""
    return {row.id: row.usual for row in session.execute(USUAL, {"ids": list(ids)})}


def is_slow(started_at: datetime, ended_at: datetime | None, usual: timedelta | None, now: datetime) -> bool:
    """Whether a run took longer than usual, or takes longer already."""
    return usual is not None and (ended_at or now) - started_at > SLOW * usual
