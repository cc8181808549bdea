"""Read executions, of one owner each."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ScalarSelect, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from core.database.paging import Page, Window
from core.executions import encrypted_texts
from core.executions.errors import ExecutionMissing
from core.executions.models import Execution, ProviderTurn
from core.executions.schemas import (
    ExecutionError,
    ExecutionStatus,
    ExecutionView,
    NewExecution,
    TokenUsage,
)
from core.executions.views import ExecutionDetails
from core.providers.schemas import ChatMessage, MessageRole, Parameters

# A model's ID is `provider:name`.
model_name = func.substr(Execution.model_id, func.length(Execution.provider) + 2)


class PriceableCall(NamedTuple):
    """An ended call with its tokens, cost and price."""

    id: UUID
    created_at: datetime
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    cost_usd: Decimal | None
    price_id: UUID | None


def get_execution(session: Session, execution_id: UUID, *, owner: UUID) -> ExecutionView:
    """Return an execution of this account or API key; raise ExecutionMissing."""
    is_own = or_(Execution.owner == owner, Execution.key_id == owner)
    row = session.scalar(select(Execution).where(Execution.id == execution_id, is_own))
    if row is None:
        raise ExecutionMissing
    return view(row)


def list_in_session(session: Session, session_id: UUID, window: Window) -> Page[ExecutionDetails]:
    """Return the calls of a session, the newest first. The caller has checked the owner."""
    in_session = Execution.session_id == session_id
    total = session.scalar(select(func.count()).where(in_session)) or 0
    newest = select(Execution).where(in_session).order_by(Execution.created_at.desc(), Execution.id)
    rows = session.scalars(newest.limit(window.limit).offset(window.offset))
    return window.page([_details(row) for row in rows], total)


def _details(row: Execution) -> ExecutionDetails:
    return ExecutionDetails(
        **dict(view(row)),
        prompt=encrypted_texts.open_(row.prompt, "prompt", row.id),
        system_prompt=encrypted_texts.open_(row.system_prompt, "system_prompt", row.id),
        parameters=row.parameters,
        context=encrypted_texts.open_json(row.context, "context", row.id),
        tools=row.tools,
    )


class CallSettings(NamedTuple):
    """What a call was made with: its model, or its service, parameters and Attune's tools."""

    model_id: str
    service_id: UUID | None
    parameters: Parameters
    tools: tuple[str, ...]


def find_settings(session: Session, execution_id: UUID) -> CallSettings | None:
    row = session.get(Execution, execution_id)
    return _settings(row) if row is not None else None


def _settings(row: Execution) -> CallSettings:
    return CallSettings(
        # The model that was asked for, not the one that stood in for it
        model_id=row.fallback_for or row.model_id,
        service_id=row.service_id,
        parameters=Parameters.model_validate(row.parameters),
        tools=tuple(tool["name"] for tool in row.tools or ()),
    )


def get_again(
    session: Session, execution_id: UUID, *, messages: tuple[ChatMessage, ...]
) -> NewExecution:
    """Return a call like an execution whose tools are all Attune's, with other messages."""
    row = session.get_one(Execution, execution_id)
    settings = _settings(row)
    return NewExecution(
        model_id=settings.model_id,
        system_prompt=encrypted_texts.open_(row.system_prompt, "system_prompt", execution_id),
        messages=messages,
        parameters=settings.parameters,
        tools=settings.tools,
        session_id=row.session_id,
    )


def count_turns(session: Session, execution_id: UUID) -> int:
    """Return how many messages of the user a call was sent, its prompt included."""
    row = session.get_one(Execution, execution_id)
    sent = encrypted_texts.open_messages(row.messages, execution_id)
    prompt = encrypted_texts.open_(row.prompt, "prompt", execution_id)
    return sum(message.role is MessageRole.USER for message in sent) + bool(prompt)


class Progress(NamedTuple):
    """What another process has stored of a call; its queue position is None unless it waits."""

    text: str
    status: ExecutionStatus
    queue_position: int | None


def find_progress(session: Session, execution_id: UUID) -> Progress | None:
    """Return the progress of a call (its text is at most a second old), or None."""
    columns = (
        Execution.response,
        Execution.status,
        _queue_position(execution_id).label("position"),
    )
    row = session.execute(select(*columns).where(Execution.id == execution_id)).first()
    if row is None:
        return None
    text = encrypted_texts.open_(row.response, "response", execution_id) or ""
    return Progress(text, ExecutionStatus(row.status), row.position or None)


def _queue_position(execution_id: UUID) -> ScalarSelect[int]:
    """Return how many calls wait up to this one, itself included: 0 when it does not wait."""
    own, before = aliased(ProviderTurn), aliased(ProviderTurn)
    waits = and_(own.execution_id == execution_id, own.started_at.is_(None), own.ended_at.is_(None))
    is_before = and_(before.provider == own.provider, before.id <= own.id)
    query = select(func.count()).select_from(own).join(before, is_before)
    return query.where(waits, before.started_at.is_(None)).scalar_subquery()


def list_cancelled(session: Session, execution_ids: list[UUID]) -> list[UUID]:
    """Return the ids of these calls that were cancelled."""
    cancelled = (Execution.id.in_(execution_ids), Execution.status == ExecutionStatus.CANCELLED)
    return list(session.scalars(select(Execution.id).where(*cancelled)))


def list_priceable(
    session: Session,
    start: datetime,
    end: datetime,
    model: str | None,
    *,
    after: PriceableCall | None = None,
    limit: int | None = None,
) -> list[PriceableCall]:
    """Return the ended calls of a time span that have tokens, the oldest first, from the one after
    another; `model` is the provider's name.
    """
    columns = (Execution.id, Execution.created_at, Execution.provider, model_name.label("model"))
    tokens = (
        func.coalesce(column, 0)
        for column in (
            Execution.input_tokens,
            Execution.output_tokens,
            Execution.cached_tokens,
            Execution.cache_write_tokens,
        )
    )
    query = select(*columns, *tokens, Execution.cost_usd, Execution.price_id).where(
        Execution.created_at >= start,
        Execution.created_at < end,
        Execution.status != ExecutionStatus.PENDING,
        Execution.total_tokens.is_not(None),
        # Answers from the cache cost nothing, whatever the prices are
        Execution.cached_from.is_(None),
    )
    query = query.where(model_name == model) if model is not None else query
    place = (Execution.created_at, Execution.id)
    if after is not None:
        # The first of them says where to begin in the index
        query = query.where(
            Execution.created_at >= after.created_at,
            tuple_(*place) > (after.created_at, after.id),
        )
    return [PriceableCall(*row) for row in session.execute(query.order_by(*place).limit(limit))]


def view(row: Execution) -> ExecutionView:
    """Return the view of an execution, with its texts decrypted."""
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
        template_version_id=row.template_version_id,
        model_id=row.model_id,
        provider=row.provider,
        fallback_for=row.fallback_for,
        cached_from=row.cached_from,
        response=encrypted_texts.open_(row.response, "response", row.id) or "",
        usage=usage,
        tool_executions=encrypted_texts.open_tools(row.tool_executions, row.id),
        execution_time_ms=row.execution_time_ms,
        first_token_ms=row.first_token_ms,
        finish_reason=row.finish_reason,
        status=ExecutionStatus(row.status),
        error=ExecutionError(**row.error) if row.error else None,
        metadata=encrypted_texts.open_json(row.sender_metadata, "metadata", row.id),
        service_id=row.service_id,
        late=row.late,
        created_at=row.created_at,
    )
