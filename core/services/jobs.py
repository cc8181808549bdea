"""Send jobs to services, and fail those that were not answered in time."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from core.database.db import transaction
from core.executions.service import service_calls
from core.jobs import queue
from core.services import dispatch, posting


@queue.app.task(name=dispatch.DELIVER)
def deliver(
    execution_id: str, callback_params: dict[str, Any], attempt: int, files: Sequence[str] = ()
) -> None:
    """Send one job and its files: at least once, with the same IDs each time."""
    posting.deliver(UUID(execution_id), callback_params, attempt, files)


@queue.app.periodic(cron="* * * * *")
@queue.app.task(name=dispatch.FAIL_OVERDUE, queueing_lock=dispatch.FAIL_OVERDUE)
def fail_overdue(timestamp: int) -> None:
    """Run every minute and at each timeout; the outbox notifies the playground."""
    with transaction() as session:
        service_calls.fail_overdue(session)
