"""The models of scorers: judges through executions, which price, limit and store them; vectors
from the provider.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from core.database import settings
from core.database.db import read_session
from core.embedded.model_server import PACKAGED_NAME
from core.errors import Failure, Forbidden
from core.executions import runner
from core.executions.schemas import CostLimit, ExecutionStatus, ExecutionView, NewExecution
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.network.cancellation import CancelToken
from core.platform import clock
from core.providers import catalogue, gateway
from core.providers.chunks import Usage
from core.providers.queries import token_prices
from core.providers.schemas import (
    ChatMessage,
    EmbeddingCall,
    ModelView,
    ParameterName,
    Parameters,
    ProviderKind,
    Route,
)
from core.providers.structured_output import StructuredOutput
from core.quotas.cost_limits import check_cost
from core.quotas.worst_case import WorstCase
from core.scoring.errors import NoJudge

JUDGE_MAX_TOKENS = 2000
NO_EMBEDDINGS = "No provider has a model with embeddings."
UNFIT = (
    "The packaged local model cannot judge: it scored the better answer higher in 1 of 6 pairs. "
    "Choose another model."
)


@dataclass(frozen=True)
class JudgeCall:
    """A question to a judge; without a model, the default one answers."""

    model_id: str | None
    system_prompt: str
    messages: tuple[ChatMessage, ...]
    response_schema: dict[str, Any]
    scorer: str


@dataclass(frozen=True)
class JudgeReply:
    """What a judge answered, or why it did not; `cost_usd` is None when unpriced.

    `is_refused`: no call was made, because of a limit, a missing price or a missing model.
    """

    text: str = ""
    problem: str | None = None
    is_refused: bool = False
    model_id: str | None = None
    cost_usd: Decimal | None = Decimal(0)
    execution_id: UUID | None = None


@dataclass(frozen=True)
class TextVectors:
    """The vectors of texts, or why there are none; `cost_usd` is None when unpriced."""

    vectors: tuple[tuple[float, ...], ...] = ()
    problem: str | None = None
    model_id: str | None = None
    cost_usd: Decimal | None = Decimal(0)


class ScoringModels(Protocol):
    """The models that scorers may call."""

    async def ask(self, call: JudgeCall) -> JudgeReply:
        """Return a judge's answer; a failure is a reply with its problem."""
        ...

    async def embed(self, model_id: str | None, texts: Sequence[str]) -> TextVectors:
        """Return the vectors of texts; a failure is a reply with its problem."""
        ...


class ExecutedModels:
    """Models called by the runner of this process, as executions of an account."""

    def __init__(
        self,
        actor: Actor,
        *,
        cost_limit_usd: CostLimit | None = None,
        embedding_limit_usd: Decimal | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Call models for an actor, each call with this limit; `metadata` is stored with those of
        judges.
        """
        self._actor, self._limit, self._metadata = actor, cost_limit_usd, metadata or {}
        self._embedding_limit = embedding_limit_usd

    async def ask(self, call: JudgeCall) -> JudgeReply:
        """Return a judge's answer; a failure is a reply with its problem."""
        try:
            model = await asyncio.to_thread(judge_model, call.model_id)
            view = await asyncio.wrap_future(
                runner.current().submit(self._execution(call, model), actor=self._actor)
            )
        except Failure as failure:
            return JudgeReply(problem=failure.detail, is_refused=True, model_id=call.model_id)
        return _reply(view)

    async def embed(
        self, model_id: str | None, texts: Sequence[str], *, left_usd: Decimal | None = None
    ) -> TextVectors:
        """Return the vectors of texts, unless they may cost more than is left; a failure is a reply
        with its problem.
        """
        if not may(self._actor, Permission.RUN_MODELS):
            return TextVectors(problem=Forbidden().detail, model_id=model_id)
        limit = self._embedding_limit if left_usd is None else left_usd
        return await asyncio.to_thread(_embed, model_id, tuple(texts), limit)

    def _execution(self, call: JudgeCall, model: ModelView) -> NewExecution:
        is_structured = model.capabilities.structured_output is not StructuredOutput.NONE
        return NewExecution(
            model_id=model.id,
            system_prompt=call.system_prompt,
            messages=call.messages,
            parameters=judge_parameters(model),
            response_schema=call.response_schema if is_structured else None,
            cost_limit_usd=self._limit,
            metadata={"scorer": call.scorer, **self._metadata},
        )


def judge_model(model_id: str | None) -> ModelView:
    """Return the named model, else the default one; raise ModelMissing or NoJudge."""
    with read_session() as session:
        model_id = model_id or find_default_judge(session)
        if model_id is None:
            raise NoJudge
        return catalogue.find_route(session, model_id).model


def find_default_judge(session: Session) -> str | None:
    """Return the workspace's default model, else the first that can be called, or None."""
    ids = [model.id for model in catalogue.list_models(session)]
    preferred = settings.read(session, settings.Workspace).default_model
    return preferred if preferred in ids else next(iter(ids), None)


def unfit_judge_reason(model_id: str | None) -> str | None:
    """Return why a model must not be trusted as a judge, or None.

    Measured with the packaged model; another local one may be fit.
    """
    if model_id is None:
        return None
    provider, _, name = model_id.rpartition(":")
    is_local = provider in ("", ProviderKind.LOCAL)
    return UNFIT if is_local and name == PACKAGED_NAME else None


def find_embedding_route(session: Session, model_id: str | None) -> Route | None:
    """Return the named model, else the first that has embeddings, or None; raise ModelMissing."""
    if model_id:
        return catalogue.find_route(session, model_id)
    return catalogue.find_embedding_route(session)


def worst_embedding(
    route: Route, texts: Sequence[str], rate: token_prices.Rate | None
) -> WorstCase:
    """Return the most that the vectors of texts may cost."""
    tokens = sum(len(text.encode()) for text in texts)  # at worst, one for each byte
    return WorstCase(tokens, token_prices.cost_of(route, Usage(input=tokens), rate).usd)


def judge_parameters(model: ModelView) -> Parameters:
    """Return cold parameters with room for the rationale, as far as the model takes them."""
    ranges = model.capabilities.parameters
    values: dict[str, Any] = {}
    if ParameterName.TEMPERATURE in ranges:
        values["temperature"] = 0
    if (bounds := ranges.get(ParameterName.MAX_TOKENS)) is not None:
        values["max_tokens"] = min(JUDGE_MAX_TOKENS, int(bounds.maximum or JUDGE_MAX_TOKENS))
    return Parameters(**values)


def _reply(view: ExecutionView) -> JudgeReply:
    reply = JudgeReply(
        text=view.response,
        model_id=view.model_id,
        cost_usd=view.usage.estimated_cost,
        execution_id=view.id,
    )
    if view.status is ExecutionStatus.COMPLETED:
        return reply
    problem = view.error.detail if view.error else f"The call was {view.status}."
    # Calls that failed before they began have used nothing
    cost = reply.cost_usd if view.usage.total_tokens is not None else Decimal(0)
    return replace(reply, problem=problem, cost_usd=cost)


def _embed(model_id: str | None, texts: tuple[str, ...], left_usd: Decimal | None) -> TextVectors:
    try:
        with read_session() as session:
            route = find_embedding_route(session, model_id)
        if route is None:
            return TextVectors(problem=NO_EMBEDDINGS)
        rate = token_prices.find_for(route, clock.now())
        check_cost(left_usd, worst_embedding(route, texts, rate))
        embedded = gateway.embed(route, EmbeddingCall(route.model.name, texts), CancelToken())
    except Failure as failure:
        return TextVectors(problem=failure.detail, model_id=model_id)
    cost = token_prices.cost_of(route, embedded.usage, rate)
    return TextVectors(embedded.vectors, model_id=route.model.id, cost_usd=cost.usd)
