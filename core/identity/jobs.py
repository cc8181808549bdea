"""Copy audit rows of the database `ai` to `core`."""

from typing import Any

from core.identity.service import audit
from core.jobs import outbox


@outbox.handles(audit.AUDIT_WRITTEN)
def relay(payload: dict[str, Any]) -> None:
    audit.relay(payload["ids"])
