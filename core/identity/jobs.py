"""Relay audit rows of the database `ai`."""

from typing import Any

from core.identity import audit
from core.jobs import outbox


@outbox.handles(audit.WRITTEN)
def relay(payload: dict[str, Any]) -> None:
    """Bring them to where all are read."""
    audit.relay(payload["ids"])
