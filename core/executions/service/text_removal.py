"""Remove the texts of executions; tokens and costs stay."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Update, case, func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.orm import Session

from core.database import bus
from core.executions.schemas import ExecutionStatus
from core.executions.service import executions as service
from core.executions.service.executions import executions

# Parameters and error without texts: stop sequences are texts, schemas have descriptions, and a
# provider's error message may quote the prompt.
PARAMETERS_WITHOUT_TEXTS = executions.c.parameters.op("-")("stop_sequences").op("-")(
    "response_schema"
)
# The tools of a call that called some, once they are removed
CALLED_TOOLS: list[dict[str, Any]] = []
REMOVED_DETAIL = literal("The details of this error are no longer stored.", JSONB)
ERROR_WITHOUT_DETAIL = func.jsonb_set(executions.c.error, array(["detail"]), REMOVED_DETAIL)


def remove_texts(session: Session, session_id: UUID) -> None:
    """Cancel a session's running calls, and remove all texts of its calls; costs stay."""
    _blank(session, update(executions).where(executions.c.session_id == session_id))


def remove_texts_of_account(session: Session, owner: UUID) -> None:
    """Cancel an account's running calls, and remove all texts of its calls; costs stay."""
    _blank(session, update(executions).where(executions.c.owner == owner))


def remove_texts_before(session: Session, before: datetime, *, limit: int) -> int:
    """Remove the texts of up to `limit` calls that began before a time; return how many.

    Tokens and costs stay, and that tools were called: their sessions may go on.
    """
    # A call that another transaction has locked is left to the next run
    execution_ids = list(
        session.scalars(
            select(executions.c.id)
            .where(*_with_texts(before))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    called = case((executions.c.tool_executions.is_not(None), literal(CALLED_TOOLS, JSONB)))
    _blank(session, update(executions).where(executions.c.id.in_(execution_ids)), tools=called)
    return len(execution_ids)


def count_texts_before(session: Session, before: datetime) -> int:
    """Return how many ended calls before a time still have texts."""
    return (
        session.scalar(select(func.count()).select_from(executions).where(*_with_texts(before)))
        or 0
    )


def _with_texts(before: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        executions.c.created_at < before,
        executions.c.prompt.is_not(None),
        executions.c.status != ExecutionStatus.PENDING,
    )


def _blank(session: Session, matching: Update, **kept: ColumnElement[Any]) -> None:
    for execution_id in service.end_all(
        session, matching, status=ExecutionStatus.CANCELLED, finish_reason="cancelled"
    ):
        bus.publish(session, service.CANCELLED, id=execution_id)
    texts = (
        "prompt system_prompt messages context metadata response tool_executions tools cache_key"
    )
    blanked = dict.fromkeys(texts.split()) | kept
    session.execute(
        matching.values(**blanked, parameters=PARAMETERS_WITHOUT_TEXTS, error=ERROR_WITHOUT_DETAIL)
    )
