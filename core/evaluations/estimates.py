"""What an evaluation would take: calls, cost and time."""

from decimal import Decimal

from sqlalchemy.orm import Session

from core.evaluations.cases.case_schemas import EvaluatedCase
from core.evaluations.cases.case_sources import cases_of
from core.evaluations.runs import targets
from core.evaluations.schemas import NewEvaluation, RunTarget
from core.evaluations.views import EvaluationEstimate
from core.executions import model_input
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.platform.config import config
from core.platform.ids import new_id
from core.providers import catalogue
from core.providers.chunks import Usage
from core.providers.queries import token_prices
from core.quotas.worst_case import with_max_tokens, worst_case

SAMPLE = 20  # cases, evenly spaced
CHARS_PER_TOKEN = 4
OUTPUT_TOKENS = 300  # of an answer, unless fewer are allowed
CALL_S = 3.0


def estimate(session: Session, new: NewEvaluation, *, actor: Actor) -> EvaluationEstimate:
    """Return the calls, and their cost and time by a sample of the cases: answers of 300 tokens in
    3 s. The cost is null when a model has no price; judges are not counted.

    Raises what resolving a target and rendering a prompt raises.
    """
    require(actor, Permission.RUN_MODELS)
    cases, _ = cases_of(session, new, actor=actor)
    found = [targets.resolve(session, it, new.parameters, actor=actor) for it in new.all_targets]
    calls_of_a_target = sum(case.turns for case in cases) * new.runs
    calls = calls_of_a_target * len(found)
    sample = cases[:: max(1, len(cases) // SAMPLE)][:SAMPLE]
    each = [_mean(session, target, sample, actor) for target in found]
    likely, most = (
        None
        if any(pair[place] is None for pair in each)
        else round(
            sum((pair[place] or Decimal(0) for pair in each), Decimal(0)) * calls_of_a_target, 6
        )
        for place in (0, 1)
    )
    seconds = round(calls * CALL_S / min(calls, config().max_concurrent_tests))
    return EvaluationEstimate(calls=calls, cost_usd=likely, worst_case_usd=most, seconds=seconds)


def _mean(
    session: Session, target: RunTarget, sample: list[EvaluatedCase], actor: Actor
) -> tuple[Decimal | None, Decimal | None]:
    """Return the likely and the highest cost of a call; services and apps have their own."""
    if target.service_id is not None or target.app is not None:
        return Decimal(0), Decimal(0)
    costs = [_cost(session, target, case, actor) for case in sample]
    likely, most = ([pair[place] for pair in costs] for place in (0, 1))
    return _average(likely), _average(most)


def _average(costs: list[Decimal | None]) -> Decimal | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) / len(known) if len(known) == len(costs) and known else None


def _cost(
    session: Session, target: RunTarget, case: EvaluatedCase, actor: Actor
) -> tuple[Decimal | None, Decimal | None]:
    route, now = catalogue.find_route(session, target.model_id or ""), clock.now()
    call = targets.execution_of(session, target, case, run=1, evaluation_id=new_id(), actor=actor)
    limits = with_max_tokens(call.parameters, route.model.capabilities)
    limited = model_input.call_of(route, call.model_copy(update={"parameters": limits}), None)
    chars = len(call.system_prompt or "") + len(call.prompt)
    chars += sum(message.size_chars for message in call.messages)
    output = min(OUTPUT_TOKENS, call.parameters.max_tokens or OUTPUT_TOKENS)
    usage = Usage(input=-(-chars // CHARS_PER_TOKEN), output=output, is_estimated=True)
    likely = token_prices.cost_of(route, usage, token_prices.find_with(session, route, now))
    return likely.usd, worst_case(session, route, limited, now).cost
