"""Change executions: begin, append, finish, cancel. A pending row ends exactly once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, Update, bindparam, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.orm import Session

from core.database import bus
from core.database.tables import table_of
from core.executions import texts
from core.executions.models import Execution
from core.executions.schemas import CallOutcome, ExecutionError, ExecutionStatus, ExecutionView, NewExecution, TokenUsage
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.jobs import outbox
from core.platform import clock
from core.platform.ids import new_id
from core.providers import catalogue
from core.providers.errors import ParameterNotTaken
from core.providers.schemas import ChatMessage, MessageRole, ModelCall, ModelView, ParameterName, Route

# On tables, not mapped classes, and built once: these statements run with every call, and cost a third this way.
executions = table_of(Execution)
BEGIN = insert(executions)
IF_PENDING = update(executions).where(executions.c.id == bindparam("which"), executions.c.status == ExecutionStatus.PENDING)
PROGRESS = "execution progress"
CANCELLED = "execution cancelled"
FINISHED = "execution.completed"
# What is left of a call without its texts: a vendor's words of an error may quote what was asked.
NUMBERS = executions.c.parameters.op("-")("stop_sequences")
FORGOTTEN = literal("The details of this error are no longer stored.", JSONB)
KIND_OF_ERROR = func.jsonb_set(executions.c.error, array(["detail"]), FORGOTTEN)
ABANDONED_AFTER = timedelta(minutes=2)
INTERRUPTED = ExecutionError(
    code="provider_failed",
    reason="interrupted",
    detail="Attune was restarted during this answer. Send the message again.",
)


@dataclass(frozen=True)
class StartedCall:
    """A call that is on record and may be made."""

    id: UUID
    route: Route
    call: ModelCall
    given: NewExecution
    owner: UUID
    created_at: datetime


def begin(session: Session, given: NewExecution, *, instance: UUID, actor: Actor) -> StartedCall:
    """Put a call on record as pending.

    Raises Forbidden, ModelMissing, or ParameterNotTaken.
    """
    require(actor, Permission.RUN_MODELS)
    route = catalogue.find_route(session, given.model_id)
    check_fits(route.model, given)
    execution_id, started = new_id(), clock.now()
    row = {
        "id": execution_id,
        "owner": actor.id,
        "session_id": given.session_id,
        "provider": route.connection.name,
        "model_id": route.model.id,
        "prompt": texts.seal(given.prompt, "prompt", execution_id),
        "system_prompt": texts.seal(given.system_prompt, "system_prompt", execution_id),
        "messages": texts.seal_messages(given.messages, execution_id),
        "context": texts.seal_json(given.context, "context", execution_id),
        "parameters": given.parameters.given(),
        "tools": [tool.model_dump() for tool in given.tools] or None,
        "status": ExecutionStatus.PENDING,
        "instance": instance,
        "alive_at": started,
        "created_at": started,
    }
    session.execute(BEGIN, row)
    return StartedCall(execution_id, route, _call(route, given), given, actor.id, started)


def check_fits(model: ModelView, given: NewExecution) -> None:
    """Raise ParameterNotTaken, with the fields, when the model takes one of the parameters not, or not that far."""
    taken = model.capabilities.parameters
    wrong = []
    for name, value in given.parameters.given().items():
        bounds = taken.get(ParameterName(name))
        if bounds is None:
            wrong.append({"field": f"parameters.{name}", "message": f"{model.id} does not support this parameter."})
        elif bounds.maximum is not None and isinstance(value, (int, float)) and value > bounds.maximum:
            wrong.append({"field": f"parameters.{name}", "message": f"{model.id} allows at most {bounds.maximum:g}."})
    if given.tools and not model.capabilities.tools:
        wrong.append({"field": "tools", "message": f"{model.id} does not support tools."})
    if wrong:
        raise ParameterNotTaken("; ".join(f"{field['field']}: {field['message']}" for field in wrong), errors=wrong)


def _call(route: Route, given: NewExecution) -> ModelCall:
    asked = ChatMessage(role=MessageRole.USER, content=given.prompt)
    return ModelCall(route.model.name, given.system_prompt, (*given.messages, asked), given.parameters, given.tools)


def write_progress(session: Session, execution_id: UUID, text: str) -> None:
    """Store the text so far, and that its process is alive; other processes are told."""
    values = {"response": texts.seal(text, "response", execution_id), "alive_at": clock.now()}
    session.execute(IF_PENDING, {"which": execution_id, **values})
    bus.publish(session, PROGRESS, id=execution_id)


def finish(session: Session, begun: StartedCall, outcome: CallOutcome) -> bool:
    """Store how a call ended; return False when it had ended before (somebody cancelled it)."""
    tools = [tool.model_dump() for tool in outcome.tool_executions]
    values = {
        "which": begun.id,
        "response": texts.seal(outcome.response, "response", begun.id),
        "tool_executions": texts.seal_json(tools, "tool_executions", begun.id),
        "first_token_ms": outcome.first_token_ms,
        "execution_time_ms": outcome.execution_time_ms,
        "finish_reason": outcome.finish_reason,
        "status": outcome.status,
        "error": outcome.error.model_dump() if outcome.error else None,
        "finished_at": clock.now(),
        **_counted(outcome),
    }
    ended = cast("CursorResult[Any]", session.execute(IF_PENDING, values))
    if ended.rowcount == 0:
        return False
    _tell(session, begun.id, begun.given.session_id, begun.owner)
    return True


def _counted(outcome: CallOutcome) -> dict[str, Any]:
    costs = {"cost_usd": outcome.cost.usd, "cost_source": outcome.cost.source}
    if (usage := outcome.usage) is None:
        return costs
    return costs | {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cached_tokens": usage.cached,
        "cache_write_tokens": usage.cache_write,
        "reasoning_tokens": usage.reasoning,
        "total_tokens": usage.total,
        "tokens_estimated": usage.is_estimated,
    }


def view_of(begun: StartedCall, outcome: CallOutcome) -> ExecutionView:
    """Return an ended call as its owner sees it, without asking the database for what we have just stored."""
    usage = outcome.usage
    counted = TokenUsage(
        prompt_tokens=usage.input if usage else None,
        completion_tokens=usage.output if usage else None,
        total_tokens=usage.total if usage else None,
        cached_tokens=usage.cached if usage else None,
        reasoning_tokens=usage.reasoning if usage else None,
        estimated_cost=outcome.cost.usd,
        cost_source=outcome.cost.source,
        is_estimated=usage.is_estimated if usage else False,
    )
    return ExecutionView(
        id=begun.id,
        session_id=begun.given.session_id,
        model_id=begun.route.model.id,
        provider=begun.route.connection.name,
        response=outcome.response,
        usage=counted,
        tool_executions=list(outcome.tool_executions),
        execution_time_ms=outcome.execution_time_ms,
        first_token_ms=outcome.first_token_ms,
        finish_reason=outcome.finish_reason,
        status=outcome.status,
        error=outcome.error,
        created_at=begun.created_at,
    )


def cancel(session: Session, execution_id: UUID, *, text: str | None, actor: Actor) -> bool:
    """End one of the actor's own calls, keeping `text`, or else what was last stored of it; return whether it was pending."""
    require(actor, Permission.RUN_MODELS)
    values: dict[str, Any] = {"status": ExecutionStatus.CANCELLED, "finished_at": clock.now(), "finish_reason": "cancelled"}
    if text is not None:
        values["response"] = texts.seal(text, "response", execution_id)
    own = IF_PENDING.where(executions.c.owner == actor.id).returning(executions.c.session_id)
    ended = session.execute(own, {"which": execution_id, **values}).first()
    if ended is None:
        return False
    _tell(session, execution_id, ended.session_id, actor.id)
    bus.publish(session, CANCELLED, id=execution_id)
    return True


def fail_of_instance(session: Session, instance: UUID) -> int:
    """End what a former life of this installation left pending; return how many."""
    return _fail_interrupted(session, update(executions).where(executions.c.instance == instance))


def fail_abandoned(session: Session) -> int:
    """End what a process left pending that has given no sign of life for two minutes; return how many."""
    return _fail_interrupted(session, update(executions).where(executions.c.alive_at < clock.now() - ABANDONED_AFTER))


def note_alive(session: Session, execution_ids: list[UUID]) -> None:
    """Say that the process which runs these calls is alive."""
    alive = update(executions).where(executions.c.id.in_(execution_ids), executions.c.status == ExecutionStatus.PENDING)
    session.execute(alive.values(alive_at=clock.now()))


def blank_texts(session: Session, session_id: UUID) -> None:
    """End what still runs in a session, and remove every text of its calls; tokens and costs stay, they are figures."""
    _blank(session, update(executions).where(executions.c.session_id == session_id))


def blank_texts_of(session: Session, owner: UUID) -> None:
    """Do the same for every call of an account."""
    _blank(session, update(executions).where(executions.c.owner == owner))


def blank_texts_before(session: Session, before: datetime, *, limit: int) -> int:
    """Forget the texts of some of the calls that ended before a moment, and return of how many; what they cost stays known."""
    found = list(
        session.scalars(select(executions.c.id).where(*_with_texts(before)).limit(limit).with_for_update(skip_locked=True))
    )
    _blank(session, update(executions).where(executions.c.id.in_(found)))
    return len(found)


def count_texts_before(session: Session, before: datetime) -> int:
    """Return of how many calls that would be."""
    return session.scalar(select(func.count()).select_from(executions).where(*_with_texts(before))) or 0


def _with_texts(before: datetime) -> tuple[ColumnElement[bool], ...]:
    return executions.c.created_at < before, executions.c.prompt.is_not(None), executions.c.status != ExecutionStatus.PENDING


def _blank(session: Session, which: Update) -> None:
    for execution_id in _end_all(session, which, status=ExecutionStatus.CANCELLED, finish_reason="cancelled"):
        bus.publish(session, CANCELLED, id=execution_id)
    nothing = dict.fromkeys(("prompt", "system_prompt", "messages", "context", "response", "tool_executions", "tools"))
    session.execute(which.values(**nothing, parameters=NUMBERS, error=KIND_OF_ERROR))


def _fail_interrupted(session: Session, which: Update) -> int:
    return len(_end_all(session, which, status=ExecutionStatus.FAILED, error=INTERRUPTED.model_dump()))


def _end_all(session: Session, which: Update, **values: Any) -> list[UUID]:  # noqa: ANN401  columns
    change = which.where(executions.c.status == ExecutionStatus.PENDING).values(finished_at=clock.now(), **values)
    ended = session.execute(change.returning(executions.c.id, executions.c.session_id, executions.c.owner)).all()
    for row in ended:
        _tell(session, row.id, row.session_id, row.owner)
    return [row.id for row in ended]


def _tell(session: Session, execution_id: UUID, session_id: UUID | None, owner: UUID | None) -> None:
    if session_id is None:  # nobody above waits for the end of a call that belongs to no session
        return
    payload = {"execution_id": str(execution_id), "session_id": str(session_id), "account_id": str(owner) if owner else None}
    outbox.tell(session, FINISHED, payload)
