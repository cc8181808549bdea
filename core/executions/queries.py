"""Read executions, always of one owner."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.executions import texts
from core.executions.errors import ExecutionMissing
from core.executions.models import Execution
from core.executions.schemas import ExecutionError, ExecutionStatus, ExecutionView, TokenUsage


def get_execution(session: Session, execution_id: UUID, *, owner: UUID) -> ExecutionView:
    """Return one of an account's own executions; raise ExecutionMissing."""
    row = session.scalar(select(Execution).where(Execution.id == execution_id, Execution.owner == owner))
    if row is None:
        raise ExecutionMissing
    return view(row)


def find_progress(session: Session, execution_id: UUID) -> tuple[str, ExecutionStatus] | None:
    """Return the text so far and the status, as the process that runs it last wrote them (at most a second ago)."""
    row = session.execute(select(Execution.response, Execution.status).where(Execution.id == execution_id)).first()
    if row is None:
        return None
    return texts.open_(row.response, "response", execution_id) or "", ExecutionStatus(row.status)


def list_cancelled(session: Session, execution_ids: list[UUID]) -> list[UUID]:
    """Return which of these calls somebody has cancelled."""
    wanted = (Execution.id.in_(execution_ids), Execution.status == ExecutionStatus.CANCELLED)
    return list(session.scalars(select(Execution.id).where(*wanted)))


def view(row: Execution) -> ExecutionView:
    """Return an execution with its texts decrypted."""
    usage = TokenUsage(
        prompt_tokens=row.input_tokens,
        completion_tokens=row.output_tokens,
        total_tokens=row.total_tokens,
        cached_tokens=row.cached_tokens,
        reasoning_tokens=row.reasoning_tokens,
        estimated_cost=row.cost_usd,
        cost_source=row.cost_source,
        is_estimated=row.tokens_estimated,
    )
    return ExecutionView(
        id=row.id,
        session_id=row.session_id,
        model_id=row.model_id,
        provider=row.provider,
        response=texts.open_(row.response, "response", row.id) or "",
        usage=usage,
        tool_executions=texts.open_tools(row.tool_executions, row.id),
        execution_time_ms=row.execution_time_ms,
        first_token_ms=row.first_token_ms,
        finish_reason=row.finish_reason,
        status=ExecutionStatus(row.status),
        error=ExecutionError(**row.error) if row.error else None,
        created_at=row.created_at,
    )
