"""Tool calls that wait for a person's confirmation, because the model had read untrusted texts."""

from uuid import UUID

from core.database.db import Session, transaction
from core.errors import Forbidden
from core.executions.schemas import ToolCallStatus, ToolExecution
from core.executions.service import tool_calls
from core.identity.schemas import Actor
from core.identity.service import audit
from core.tools import registry, toolboxes
from core.tools.errors import NothingToConfirm, ToolCallMissing


def confirm(execution_id: UUID, call_id: str, *, actor: Actor) -> ToolExecution:
    """Run a tool call that waits as the person who confirms it, and return it with its result.

    It opens transactions of its own: one before the tool, one after it, none in between. Raises
    Forbidden, ExecutionMissing, ToolCallMissing and NothingToConfirm.
    """
    if actor.is_program:
        raise Forbidden("A person must confirm this. Sign in instead.")
    with transaction() as session:
        call = _waiting(session, execution_id, call_id, actor)
        tool = registry.get(session, call.name, actor=actor)
        # Stored before the tool runs: a second confirmation is refused, and a kill leaves a trace
        running = call.model_copy(update={"status": ToolCallStatus.RUNNING, "error": None})
        _replace(session, execution_id, running, actor)
        targets = {"execution_id": execution_id, "tool": call.name}
        audit.record(session, "tool.confirm", actor, targets=targets)
    done = toolboxes.answered(call, tool, actor=actor)
    # The calls are read again: another one may have been confirmed while the tool ran
    with transaction() as session:
        _replace(session, execution_id, done, actor)
    return done


def _waiting(session: Session, execution_id: UUID, call_id: str, actor: Actor) -> ToolExecution:
    calls = tool_calls.lock_ended(session, execution_id, owner=actor.id)
    found = next((call for call in calls if call.id == call_id), None)
    if found is None:
        raise ToolCallMissing
    if found.status is not ToolCallStatus.AWAITING_CONFIRMATION:
        raise NothingToConfirm
    return found


def _replace(session: Session, execution_id: UUID, changed: ToolExecution, actor: Actor) -> None:
    calls = tool_calls.lock_ended(session, execution_id, owner=actor.id)
    calls = [changed if call.id == changed.id else call for call in calls]
    tool_calls.rewrite(session, execution_id, calls)
