"""The statements of every model call, on tables instead of mapped classes and by the driver: they
take a third of a session's time.
"""

from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, insert, update
from sqlalchemy.orm import Session

from core.database.sql_files import compiled
from core.database.staging import by_driver
from core.database.tables import table_of
from core.executions.models import Execution
from core.executions.schemas import ExecutionStatus
from core.jobs import outbox

executions = table_of(Execution)
IF_PENDING = update(executions).where(
    executions.c.id == bindparam("which"),
    executions.c.status == bindparam("pending", ExecutionStatus.PENDING),
)
# More of it arrives until the call stops. Texts that were removed meanwhile stay removed.
TEXT_MAY_GROW = and_(
    executions.c.status == ExecutionStatus.CANCELLED, executions.c.prompt.is_not(None)
)


def add(session: Session, row: dict[str, Any]) -> None:
    """Store a call."""
    by_driver(session, _added(tuple(row)), row)


def end_and_notify(
    session: Session, execution_id: UUID, values: dict[str, Any], event: dict[str, Any]
) -> bool:
    """End a pending call and add an event of the outbox in one round trip; return False when the
    call had ended before.
    """
    new = {f"new_{name}": value for name, value in values.items()}
    given = {"which": execution_id, "pending": ExecutionStatus.PENDING, **new, **event}
    return by_driver(session, _ended(tuple(values)), given).fetchone() is not None


@lru_cache(maxsize=4)
def _added(columns: tuple[str, ...]) -> bytes:
    return compiled(insert(executions).values({name: bindparam(name) for name in columns}))


@lru_cache(maxsize=16)
def _ended(columns: tuple[str, ...]) -> bytes:
    change = IF_PENDING.values({name: bindparam(f"new_{name}") for name in columns})
    return compiled(outbox.added_where(change.returning(executions.c.id).cte("ended")))
