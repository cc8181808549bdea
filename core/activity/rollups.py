"""Rollups of events: what batches have added joins half hours and days."""

from core.rollups import Fold

EVENTS = Fold(
    lock=0x61747474,
    deltas="event_deltas",
    rollups="event_rollups",
    keys=("environment", "app", "event_type"),
    sums=("events", "errors"),
)
