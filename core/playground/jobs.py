"""Update sessions after their executions, also when the process that ran them has ended."""

from typing import Any
from uuid import UUID

from core.database.db import transaction
from core.executions import service as executions
from core.jobs import outbox
from core.playground import service


@outbox.handles(executions.FINISHED)
def settle(payload: dict[str, Any]) -> None:
    """Bring a message up to its ended execution, if nobody has done so before."""
    if payload["session_id"] is None:
        return
    with transaction() as session:
        service.settle(session, UUID(payload["execution_id"]))
