"""Update playground messages and sessions after their executions, whichever process ran them, and
empty the trash.
"""

from typing import Any
from uuid import UUID

from core.database.db import transaction
from core.executions.service import executions
from core.jobs import outbox, queue
from core.playground.service import answers, call_counts, session_trash


@outbox.handles(executions.FINISHED)
def settle(payload: dict[str, Any]) -> None:
    """Copy the outcome of an ended execution to its message, unless that was done before."""
    if payload["session_id"] is None:
        return
    with transaction() as session:
        answers.settle(session, UUID(payload["execution_id"]))


@queue.app.task(name=call_counts.TASK, retry=queue.WITHOUT_DATABASE)
def count_calls(session_id: str) -> None:
    """Store the figures of a session in which very many calls are made."""
    with transaction() as session:
        call_counts.count_again(session, UUID(session_id))


@queue.app.periodic(cron="41 * * * *")
@queue.app.task(name="playground.empty_trash", queueing_lock="playground.empty_trash")
def empty_trash(timestamp: int) -> None:
    """Delete for good the sessions that have been in the trash for too long, every hour."""
    session_trash.erase_expired()
