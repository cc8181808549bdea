"""Store the tool calls of an execution while it runs, and those that a person confirms."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from core.database.tables import table_of
from core.executions import encrypted_texts
from core.executions.errors import ExecutionMissing
from core.executions.models import Execution
from core.executions.schemas import ExecutionStatus, ToolExecution
from core.platform import clock

executions = table_of(Execution)
COLUMN = "tool_executions"


def write(
    session: Session, execution_id: UUID, calls: Sequence[ToolExecution], *, text: str
) -> bool:
    """Store the tool calls and the text of a pending execution so far; return False when it has
    ended.
    """
    pending = update(executions).where(
        executions.c.id == execution_id, executions.c.status == ExecutionStatus.PENDING
    )
    values = {
        COLUMN: _seal(execution_id, calls),
        "response": encrypted_texts.seal(text, "response", execution_id),
        "alive_at": clock.now(),
    }
    stored = session.execute(pending.values(values).returning(executions.c.id))
    return stored.first() is not None


def lock_ended(session: Session, execution_id: UUID, *, owner: UUID) -> list[ToolExecution]:
    """Lock an account's execution, and return its tool calls, or none while it is pending.

    Raises ExecutionMissing.
    """
    is_own = or_(executions.c.owner == owner, executions.c.key_id == owner)
    query = select(executions.c.status, executions.c.tool_executions)
    row = session.execute(
        query.where(executions.c.id == execution_id, is_own).with_for_update()
    ).first()
    if row is None:
        raise ExecutionMissing
    if row.status == ExecutionStatus.PENDING:
        return []
    return encrypted_texts.open_tools(row.tool_executions, execution_id)


def rewrite(session: Session, execution_id: UUID, calls: Sequence[ToolExecution]) -> None:
    """Store the tool calls of an ended execution whose row is locked."""
    ended = update(executions).where(executions.c.id == execution_id)
    session.execute(ended.values({COLUMN: _seal(execution_id, calls)}))


def _seal(execution_id: UUID, calls: Sequence[ToolExecution]) -> bytes | None:
    return encrypted_texts.seal_json([call.model_dump() for call in calls], COLUMN, execution_id)
