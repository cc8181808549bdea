"""How many calls a session has, of its chat and of the API, and what they cost."""

from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.executions.models import Execution
from core.executions.schemas import ExecutionStatus
from core.playground.models import PlaygroundSession


def count(session: Session, row: PlaygroundSession) -> bool:
    """Store the figures of the ended calls of a session that the caller has locked; return whether
    they were new.
    """
    before = (row.execution_count, row.total_cost)
    # Counted again, not added: an end may be delivered twice
    ended = (Execution.session_id == row.id, Execution.status != ExecutionStatus.PENDING)
    figures = (func.count(), func.sum(Execution.cost_usd), func.max(Execution.created_at))
    calls, cost_usd, last = session.execute(select(*figures).where(*ended)).one()
    row.execution_count, row.total_cost = calls, cost_usd or Decimal(0)
    row.last_executed_at = max(filter(None, (row.last_executed_at, last)), default=None)
    return before != (row.execution_count, row.total_cost)
