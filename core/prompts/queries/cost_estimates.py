"""Estimate the monthly cost of calls, from texts or from the measured calls of a prompt."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database.tables import table_of
from core.executions.models import Execution
from core.executions.schemas import ExecutionStatus
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.prompts.cost_estimates import (
    DAYS_PER_MONTH,
    CostEstimateRequest,
    ModelCost,
    MonthlyCostEstimate,
    TokenBasis,
)
from core.prompts.errors import AnswerLengthMissing
from core.prompts.estimates import cost_of, tokens_in
from core.prompts.queries.compiling import compile_version
from core.prompts.queries.prompts import get_named
from core.prompts.queries.versions import read_version
from core.prompts.template.values import text_of
from core.providers import catalogue
from core.providers.queries import token_prices

executions = table_of(Execution)
FEWEST_CALLS = 10  # an average of fewer says little
MEASURED_FOR = timedelta(days=30)


@dataclass(frozen=True)
class CallTokens:
    """The tokens of one call, and where they come from; without output, its length is unknown."""

    input: int
    input_basis: TokenBasis
    output: int | None = None
    output_basis: TokenBasis = TokenBasis.LIMIT
    measured_calls: int = 0
    unfilled: list[str] = field(default_factory=list)


def estimate_costs(
    session: Session, request: CostEstimateRequest, *, actor: Actor
) -> MonthlyCostEstimate:
    """Return what the calls would cost with each model.

    Raises ModelMissing, AnswerLengthMissing, and what compile_prompt() raises.
    """
    require(actor, Permission.RUN_MODELS)
    tokens = _tokens(session, request, actor)
    output = request.max_tokens or tokens.output
    if output is None:
        raise AnswerLengthMissing
    return MonthlyCostEstimate(
        calls_per_day=request.calls_per_day,
        input_tokens=tokens.input,
        input_basis=tokens.input_basis,
        output_tokens=output,
        output_basis=TokenBasis.GIVEN if request.max_tokens else tokens.output_basis,
        measured_calls=tokens.measured_calls,
        unfilled=tokens.unfilled,
        items=[
            _model_cost(session, model, request.calls_per_day, tokens.input, output)
            for model in dict.fromkeys(request.models)
        ],
    )


def _model_cost(
    session: Session, model_id: str, calls: int, input_tokens: int, output_tokens: int
) -> ModelCost:
    route = catalogue.find_route(session, model_id)
    prices = token_prices.prices_for(route, clock.now())
    cost = cost_of(prices, input_tokens, output_tokens) if prices is not None else None
    return ModelCost(
        model_id=route.model.id,
        is_priced=cost is not None,
        cost_per_call_usd=cost,
        cost_per_day_usd=cost * calls if cost is not None else None,
        cost_per_month_usd=cost * calls * DAYS_PER_MONTH if cost is not None else None,
    )


def _tokens(session: Session, request: CostEstimateRequest, actor: Actor) -> CallTokens:
    if request.input_tokens is not None:
        return CallTokens(request.input_tokens, TokenBasis.GIVEN)
    if request.template_id is None:
        texts = (request.system_prompt, request.prompt)
        return CallTokens(sum(tokens_in(text) for text in texts), TokenBasis.ESTIMATED)
    return _tokens_of_prompt(session, request.template_id, request, actor)


def _tokens_of_prompt(
    session: Session, reference: str, request: CostEstimateRequest, actor: Actor
) -> CallTokens:
    """Return the averages of measured calls, else the tokens of the text with values in place."""
    name, _, label = reference.partition("@")
    prompt = get_named(session, name, actor=actor)
    version = read_version(session, prompt.id, label or None)
    if measured := _find_measured(session, version.id):
        return measured
    compiled = compile_version(session, prompt.name, version, actor=actor)
    values = compiled.defaults | {name: text_of(each) for name, each in request.variables.items()}
    parts = [*(compiled.system or []), *compiled.before_history, *compiled.user]
    texts = [each if isinstance(each, str) else values.get(each.name, "") for each in parts]
    used = dict.fromkeys(each.name for each in parts if not isinstance(each, str))
    return CallTokens(
        tokens_in("".join(texts)),
        TokenBasis.ESTIMATED,
        version.default_parameters.max_tokens,
        unfilled=[name for name in used if name not in values],
    )


def _find_measured(session: Session, version_id: UUID) -> CallTokens | None:
    """Return the average tokens of a version's completed calls, or None of fewer than ten."""
    averages = select(
        func.count(),
        func.avg(executions.c.input_tokens),
        func.avg(executions.c.output_tokens),
    ).where(
        executions.c.template_version_id == version_id,
        executions.c.status == ExecutionStatus.COMPLETED,
        executions.c.created_at >= clock.now() - MEASURED_FOR,
        # A cached answer has the tokens of the call that it repeats
        executions.c.cached_from.is_(None),
        executions.c.input_tokens.is_not(None),
        executions.c.output_tokens.is_not(None),
    )
    calls, input_tokens, output_tokens = session.execute(averages).one()
    if calls < FEWEST_CALLS:
        return None
    basis = TokenBasis.MEASURED
    return CallTokens(round(input_tokens), basis, round(output_tokens), basis, calls)
