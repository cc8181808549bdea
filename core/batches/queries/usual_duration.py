"""The usual duration of a batch job: the median of the last completed runs before each run."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from core.database.sql_files import statement

LAST, FEWEST, SLOW = 30, 5, 1.2

USUAL = statement(__package__, "usual_durations")


def usual_durations(session: Session, ids: Sequence[UUID]) -> dict[UUID, timedelta]:
    """Return the usual duration before each run; runs with too few earlier ones are left out."""
    return {
        row.id: row.usual
        for row in session.execute(USUAL, {"ids": list(ids), "last": LAST, "fewest": FEWEST})
    }


def is_slow(
    started_at: datetime, ended_at: datetime | None, usual: timedelta | None, now: datetime
) -> bool:
    """Whether a run took longer than usual, or is already taking longer."""
    return usual is not None and (ended_at or now) - started_at > SLOW * usual
