"""Changes of executions: begin, store progress, finish, cancel. A pending row ends exactly once."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, Update, bindparam, case, or_, select, update
from sqlalchemy.orm import Session

from core.database import bus
from core.database.tables import table_of
from core.executions import encrypted_texts, model_input
from core.executions.models import Execution
from core.executions.schemas import (
    INTERRUPTED,
    CallOutcome,
    ExecutionStatus,
    NewExecution,
    PendingExecution,
)
from core.executions.service import cached_answers, call_rows, outcome_columns
from core.executions.service.call_rows import IF_PENDING, TEXT_MAY_GROW
from core.executions.tools.toolboxes import Toolbox
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.jobs import outbox
from core.platform import clock
from core.platform.ids import new_id
from core.providers import capabilities, catalogue
from core.providers.packaged_prices import Cost
from core.quotas.cost_limits import check_cost
from core.quotas.queries import Applying, find_applying_cached
from core.quotas.service import reservations
from core.quotas.worst_case import NOTHING, with_max_tokens, worst_case

executions = table_of(Execution)
PROGRESS = "execution progress"
CANCELLED = "execution cancelled"
FINISHED = "execution.completed"
FINISHED_BY_KEY = "execution.completed_by_key"
ABANDONED_AFTER, ALIVE_NOTED_EVERY = timedelta(minutes=2), timedelta(seconds=20)


def begin(
    session: Session,
    new_execution: NewExecution,
    *,
    instance: UUID,
    actor: Actor,
    toolbox: Toolbox | None = None,
    quotas: Applying | None = None,
) -> PendingExecution:
    """Store a call as pending; `toolbox` has the tools that it names, and `quotas` apply if known.

    Raises Forbidden, ModelMissing, ParameterNotSupported, ToolNotOffered, NotCacheable,
    CostLimitExceeded, CostUnknown, QuotaExceeded or PriceNeeded.
    """
    require(actor, Permission.RUN_MODELS)
    route = catalogue.find_route(session, new_execution.model_id)
    quotas = find_applying_cached(session, actor) if quotas is None else quotas
    if quotas or new_execution.cost_limit_usd is not None:
        limited = with_max_tokens(new_execution.parameters, route.model.capabilities)
        new_execution = new_execution.model_copy(update={"parameters": limited})
    call = model_input.call_of(route, new_execution, toolbox)
    capabilities.check_supported(route.model, call)
    execution_id, started_at = new_id(), clock.now()
    cache_key = cached_answers.key_of(route, call, actor.id) if new_execution.cache else None
    cached = cached_answers.find(session, cache_key, started_at) if cache_key else None
    row = {
        "id": execution_id,
        "owner": None if actor.is_program else actor.id,
        "key_id": actor.id if actor.is_program else None,
        "session_id": new_execution.session_id,
        "template_version_id": new_execution.template_version_id,
        # Answers from the cache are not kept in it longer
        "cache_key": None if cached else cache_key,
        "cached_from": cached.execution_id if cached else None,
        "provider": route.connection.name,
        "model_id": route.model.id,
        "prompt": encrypted_texts.seal(new_execution.prompt, "prompt", execution_id),
        "system_prompt": encrypted_texts.seal(
            new_execution.system_prompt, "system_prompt", execution_id
        ),
        "messages": encrypted_texts.seal_messages(new_execution.messages, execution_id),
        "context": encrypted_texts.seal_json(new_execution.context, "context", execution_id),
        "metadata": encrypted_texts.seal_json(new_execution.metadata, "metadata", execution_id),
        "parameters": new_execution.stored_parameters(),
        "tools": [tool.model_dump(exclude_none=True) for tool in call.tools] or None,
        "status": ExecutionStatus.PENDING,
        "instance": instance,
        "alive_at": started_at,
        "created_at": started_at,
    }
    call_rows.add(session, row)
    facts = (actor.id, started_at, actor.is_program, toolbox, quotas, cached)
    pending = PendingExecution(execution_id, route, call, new_execution, *facts)
    _reserve(session, pending)  # last: counters are locked until the commit
    return pending


def _reserve(session: Session, pending: PendingExecution) -> None:
    limit, at = pending.new_execution.cost_limit_usd, pending.created_at
    if pending.cached is not None:
        most = NOTHING
    elif pending.quotas or limit is not None:
        most = worst_case(session, pending.route, pending.call, at)
    else:
        return
    check_cost(limit, most)
    reservations.reserve(session, pending.id, pending.quotas, most, at=at)


def write_progress(session: Session, execution_id: UUID, text: str) -> None:
    """Store the text so far and that its process is alive; notify other processes."""
    values = {
        "response": encrypted_texts.seal(text, "response", execution_id),
        "alive_at": clock.now(),
    }
    session.execute(IF_PENDING, {"which": execution_id, **values})
    bus.publish(session, PROGRESS, id=execution_id)


def finish(session: Session, execution: PendingExecution, outcome: CallOutcome) -> bool:
    """Store the outcome of a call; return False when it had ended before (it was cancelled): then
    only what it used is stored, and what came of its text until it stopped.
    """
    tools = [tool.model_dump() for tool in outcome.tool_executions]
    values = {
        "response": encrypted_texts.seal(outcome.response, "response", execution.id),
        "tool_executions": encrypted_texts.seal_json(tools, "tool_executions", execution.id),
        "finish_reason": outcome.finish_reason,
        "status": outcome.status,
        "error": outcome.error.model_dump() if outcome.error else None,
        "finished_at": clock.now(),
    }
    usage = outcome_columns.usage(execution, outcome)
    if not _end(session, execution, values | usage):
        if outcome.status is ExecutionStatus.CANCELLED:
            grown = (TEXT_MAY_GROW, values["response"])
            usage["response"] = case(grown, else_=executions.c.response)
        session.execute(update(executions).where(executions.c.id == execution.id).values(usage))
        # A further round may have reserved more since it was cancelled
        reservations.settle(session, [execution.id], None, None)
        # Only now, because what it has used was not known when it was cancelled
        if execution.is_of_key and outcome.usage is not None:
            outbox.add(session, FINISHED_BY_KEY, {"ids": [str(execution.id)]})
        return False
    if execution.quotas:
        _settle(session, execution.id, outcome)
    _notify(session, execution.id, execution.new_execution.session_id, execution.owner)
    return True


def _end(session: Session, execution: PendingExecution, values: dict[str, Any]) -> bool:
    """End a call, unless it has ended before; return whether it was pending."""
    if not execution.is_of_key:
        ended = session.execute(IF_PENDING, {"which": execution.id, **values})
        return cast("CursorResult[Any]", ended).rowcount > 0
    event = outbox.event(FINISHED_BY_KEY, {"ids": [str(execution.id)]})
    return call_rows.end_and_notify(session, execution.id, values, event)


def _settle(session: Session, execution_id: UUID, outcome: CallOutcome) -> None:
    """Count what a call used; one that failed before its answer began used nothing."""
    if outcome.usage is not None:
        reservations.settle(session, [execution_id], outcome.usage.total, outcome.cost.usd)
    elif outcome.status is ExecutionStatus.FAILED and not outcome.response:
        reservations.settle(session, [execution_id], 0, Decimal(0))
    else:
        # What a stopped call has used is known later, if at all
        reservations.settle(session, [execution_id], None, None)


def cancel(session: Session, execution_id: UUID, *, text: str | None, actor: Actor) -> bool:
    """End one of the actor's calls; return whether it was pending.

    `text` is stored as its answer; without it, the last stored progress stays.
    """
    require(actor, Permission.RUN_MODELS)
    values: dict[str, Any] = {
        "status": ExecutionStatus.CANCELLED,
        "finished_at": clock.now(),
        "finish_reason": "cancelled",
    }
    if text is not None:
        values["response"] = encrypted_texts.seal(text, "response", execution_id)
    is_own = or_(executions.c.owner == actor.id, executions.c.key_id == actor.id)
    own = IF_PENDING.where(is_own).returning(executions.c.session_id)
    ended = session.execute(own, {"which": execution_id, **values}).first()
    if ended is None:
        return False
    reservations.settle(session, [execution_id], None, None)
    _notify(session, execution_id, ended.session_id, actor.id)
    bus.publish(session, CANCELLED, id=execution_id)
    return True


def fail_interrupted(session: Session, instance: UUID) -> int:
    """Fail the calls that an earlier run of this installation left pending; return how many."""
    return _fail_interrupted(session, update(executions).where(executions.c.instance == instance))


def fail_abandoned(session: Session) -> int:
    """Fail pending calls whose process was not alive for two minutes; return how many.

    A service answers without a process: its calls have a timeout instead (service_calls.py).
    """
    is_abandoned = executions.c.alive_at < clock.now() - ABANDONED_AFTER
    matching = update(executions).where(is_abandoned, executions.c.service_id.is_(None))
    return _fail_interrupted(session, matching)


def record_alive(session: Session, execution_ids: list[UUID]) -> None:
    """Record that the process of these calls is alive."""
    alive = update(executions).where(
        executions.c.id.in_(execution_ids), executions.c.status == ExecutionStatus.PENDING
    )
    session.execute(alive.values(alive_at=clock.now()))


def record_all_alive(session: Session, instance: UUID) -> None:
    """Record that an instance is alive, also of calls that it has not begun to make."""
    is_due = executions.c.alive_at < clock.now() - ALIVE_NOTED_EVERY
    pending = (executions.c.instance == instance, executions.c.status == ExecutionStatus.PENDING)
    # Those that others have locked are being written
    due = select(executions.c.id).where(*pending, is_due).with_for_update(skip_locked=True)
    record_alive(session, list(session.scalars(due)))


def write_costs(session: Session, costs: Mapping[UUID, Cost]) -> None:
    """Store the costs of ended calls."""
    if rows := [{"which": id_, **outcome_columns.cost(cost)} for id_, cost in costs.items()]:
        session.execute(update(executions).where(executions.c.id == bindparam("which")), rows)


def _fail_interrupted(session: Session, matching: Update) -> int:
    return len(
        end_all(session, matching, status=ExecutionStatus.FAILED, error=INTERRUPTED.model_dump())
    )


def end_all(session: Session, matching: Update, **values: Any) -> list[UUID]:  # noqa: ANN401  columns
    """End the pending calls of a selection; return their ids."""
    change = matching.where(executions.c.status == ExecutionStatus.PENDING).values(
        finished_at=clock.now(), **values
    )
    ended = session.execute(
        change.returning(*(executions.c[name] for name in ("id", "session_id", "owner", "key_id")))
    ).all()
    reservations.settle(session, [row.id for row in ended], None, None)
    for row in ended:
        _notify(session, row.id, row.session_id, row.owner)
    if of_keys := [str(row.id) for row in ended if row.key_id is not None]:
        outbox.add(session, FINISHED_BY_KEY, {"ids": of_keys})
    return [row.id for row in ended]


def _notify(
    session: Session, execution_id: UUID, session_id: UUID | None, owner: UUID | None
) -> None:
    if session_id is None:  # nothing waits for the end of a call without a session
        return
    payload = {
        "execution_id": str(execution_id),
        "session_id": str(session_id),
        "account_id": str(owner) if owner else None,
    }
    outbox.add(session, FINISHED, payload)
