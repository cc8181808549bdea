"""Update playground messages after their executions, whichever process ran them."""

from typing import Any
from uuid import UUID

from core.database.db import transaction
from core.executions.service import executions
from core.jobs import outbox
from core.playground import service


@outbox.handles(executions.FINISHED)
def settle(payload: dict[str, Any]) -> None:
    """Copy the outcome of an ended execution to its message, unless that was done before."""
    if payload["session_id"] is None:
        return
    with transaction() as session:
        service.settle(session, UUID(payload["execution_id"]))
