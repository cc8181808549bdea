"""How many calls a session has, of its chat and of the API, and what they cost."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.executions.models import Execution
from core.executions.schemas import ExecutionStatus
from core.jobs import queue
from core.playground import message_rows
from core.playground.models import PlaygroundSession

TASK = "playground.count_calls"
# A program may make all of its calls in one session: counting them takes ever longer
MOST_AT_ONCE, PAUSE = 1_000, timedelta(seconds=10)


def note_end(session: Session, row: PlaygroundSession) -> bool:
    """Store the figures of a session that the caller has locked after the end of a call; return
    whether they were new. Of a session with very many calls, a job does so, for all that end
    meanwhile.
    """
    if row.execution_count < MOST_AT_ONCE:
        return _count(session, row)
    once = f"{TASK} {row.id}"
    queue.defer(session, TASK, queueing_lock=once, after=PAUSE, session_id=str(row.id))
    return False


def count_again(session: Session, session_id: UUID) -> None:
    """Store the figures of a session, and show new ones on open pages."""
    # The lock of those who note an end: what they do not defer is counted here
    wanted = select(PlaygroundSession).where(PlaygroundSession.id == session_id)
    row = session.scalar(wanted.with_for_update(key_share=True))
    if row is not None and _count(session, row):
        message_rows.touch(session, row)


def _count(session: Session, row: PlaygroundSession) -> bool:
    before = (row.execution_count, row.total_cost)
    # Counted again, not added: an end may be delivered twice
    ended = (Execution.session_id == row.id, Execution.status != ExecutionStatus.PENDING)
    figures = (func.count(), func.sum(Execution.cost_usd), func.max(Execution.created_at))
    calls, cost_usd, last = session.execute(select(*figures).where(*ended)).one()
    row.execution_count, row.total_cost = calls, cost_usd or Decimal(0)
    row.last_executed_at = max(filter(None, (row.last_executed_at, last)), default=None)
    return before != (row.execution_count, row.total_cost)
