"""Executions that a service answers by callback. Only its callback, its timeout or a stop ends
them: they belong to no process.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Update, select, update
from sqlalchemy.orm import Session

from core.database.tables import storable
from core.executions import encrypted_texts
from core.executions.schemas import ExecutionError, ExecutionStatus, NewExecution
from core.executions.service import call_rows
from core.executions.service.executions import end_all, executions
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.platform.config import config
from core.platform.ids import new_id
from core.quotas.queries import find_applying_cached
from core.quotas.service import reservations
from core.quotas.worst_case import WorstCase

PROVIDER = "service"
# Reasons after which a service may still answer: it has not said itself that it failed.
TIMEOUT, UNREACHABLE = "timeout", "unreachable"
MAY_BE_LATE = (TIMEOUT, UNREACHABLE)
NO_TOKENS = WorstCase(tokens=0, cost=Decimal(0))


def begin(session: Session, new_execution: NewExecution, service_id: UUID, *, actor: Actor) -> UUID:
    """Store a pending execution for a service; raise Forbidden or QuotaExceeded."""
    require(actor, Permission.RUN_MODELS)
    execution_id, started_at = new_id(), clock.now()
    row: dict[str, Any] = {
        "id": execution_id,
        "owner": None if actor.is_program else actor.id,
        "key_id": actor.id if actor.is_program else None,
        "session_id": new_execution.session_id,
        "provider": PROVIDER,
        "model_id": new_execution.model_id,
        "prompt": encrypted_texts.seal(new_execution.prompt, "prompt", execution_id),
        "system_prompt": encrypted_texts.seal(
            new_execution.system_prompt, "system_prompt", execution_id
        ),
        "messages": encrypted_texts.seal_messages(new_execution.messages, execution_id),
        "metadata": encrypted_texts.seal_json(new_execution.metadata, "metadata", execution_id),
        "parameters": {},
        "status": ExecutionStatus.PENDING,
        "service_id": service_id,
        "alive_at": started_at,
        "created_at": started_at,
    }
    call_rows.add(session, row)
    quotas = find_applying_cached(session, actor)
    if quotas:  # last: their counters are locked until the commit
        reservations.reserve(session, execution_id, quotas, NO_TOKENS, at=started_at)
    return execution_id


def finish(
    session: Session,
    execution_id: UUID,
    service_id: UUID,
    *,
    answer: str | None,
    error: ExecutionError | None,
) -> bool | None:
    """End an execution of a service by its callback; return whether that changed anything.

    None: the service has no such execution. An answer after the timeout completes it late.
    """
    row = session.execute(
        select(
            executions.c.status, executions.c.error, executions.c.prompt, executions.c.created_at
        )
        .where(executions.c.id == execution_id, executions.c.service_id == service_id)
        .with_for_update()
    ).first()
    if row is None:
        return None
    matching = update(executions).where(executions.c.id == execution_id)
    values: dict[str, Any] = {
        "status": ExecutionStatus.FAILED if error else ExecutionStatus.COMPLETED,
        "response": encrypted_texts.seal(storable(answer or ""), "response", execution_id),
        "execution_time_ms": clock.ms_since(row.created_at),
        "error": error.model_dump() if error else None,
    }
    if row.status == ExecutionStatus.PENDING:
        return bool(end_all(session, matching, **values))
    # Texts that were removed from here must not come back with a late answer.
    is_late = (row.error or {}).get("reason") in MAY_BE_LATE and row.prompt is not None
    if error or not is_late:
        return False
    session.execute(matching.values(**values, late=True, finished_at=clock.now()))
    return True


def fail(session: Session, execution_id: UUID, *, reason: str, detail: str) -> None:
    """Fail a pending execution whose job did not reach its service."""
    _fail(session, update(executions).where(executions.c.id == execution_id), reason, detail)


def fail_overdue(session: Session) -> None:
    """Fail the executions of services that were not answered in time."""
    limit_s = config().service_timeout_s
    overdue = executions.c.created_at <= clock.now() - timedelta(seconds=limit_s)
    matching = update(executions).where(executions.c.service_id.is_not(None), overdue)
    _fail(session, matching, TIMEOUT, f"The service did not answer within {limit_s} s.")


def fail_all_of(session: Session, service_id: UUID) -> None:
    """Fail the pending executions of a service that is removed."""
    matching = update(executions).where(executions.c.service_id == service_id)
    _fail(session, matching, "removed", "The service was removed before it answered.")


def _fail(session: Session, matching: Update, reason: str, detail: str) -> None:
    error = ExecutionError(code="provider_failed", reason=reason, detail=detail)
    end_all(session, matching, status=ExecutionStatus.FAILED, error=error.model_dump())
