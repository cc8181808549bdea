"""Rollups of events: what batches have added joins half hours and days."""

from sqlalchemy.orm import Session

from core.locks import Lock
from core.rollups import Fold

EVENTS = Fold(
    lock=Lock.EVENT_ROLLUPS,
    deltas="event_deltas",
    rollups="event_rollups",
    keys=("environment", "app", "event_type"),
    sums=("events", "errors"),
)


def fold(session: Session, *, zone: str) -> int:
    """Fold some of what waits into the rollups; return how many rollup rows changed, 0 when nothing waited."""
    return EVENTS.fold(session, zone=zone)
