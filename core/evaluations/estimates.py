"""What an evaluation would take: calls, cost and time."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy.orm import Session

from core.evaluations.cases.case_schemas import EvaluatedCase
from core.evaluations.cases.case_sources import cases_of
from core.evaluations.judge_calls import (
    count_judge_calls,
    judge_call,
    list_embedding_calls,
    list_judge_questions,
)
from core.evaluations.runs import targets
from core.evaluations.schemas import NewEvaluation, RunTarget
from core.evaluations.views import EvaluationEstimate
from core.executions import model_input
from core.executions.schemas import NewExecution
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.platform.config import config
from core.platform.ids import new_id
from core.providers import catalogue
from core.providers.chunks import Usage
from core.providers.errors import ModelMissing
from core.providers.queries import token_prices
from core.quotas.worst_case import with_max_tokens, worst_case
from core.scoring.model_access import find_embedding_route, worst_embedding

SAMPLE = 20  # cases, evenly spaced
CHARS_PER_TOKEN = 4
OUTPUT_TOKENS = 300  # of an answer, unless fewer are allowed
JUDGE_OUTPUT_TOKENS = 150
ANSWER = "x" * OUTPUT_TOKENS * CHARS_PER_TOKEN  # which judges are taken to read
CALL_S = 3.0


class CallCost(NamedTuple):
    """The likely and the highest cost in US dollars, None where a model has no price."""

    likely: Decimal | None = Decimal(0)
    most: Decimal | None = Decimal(0)


def estimate(session: Session, new: NewEvaluation, *, actor: Actor) -> EvaluationEstimate:
    """Return the calls, and their cost and time by a sample of the cases: answers of 300 tokens and
    verdicts of 150, in 3 s each. The cost is null when a model has no price.

    Raises what resolving a target and rendering a prompt raises, ModelMissing, and NoJudge.
    """
    require(actor, Permission.RUN_MODELS)
    cases, _ = cases_of(session, new, actor=actor)
    found = [targets.resolve(session, it, new.parameters, actor=actor) for it in new.all_targets]
    judge_calls = sum(count_judge_calls(new, case) for case in cases) * len(found) * new.runs
    calls = sum(case.turns for case in cases) * len(found) * new.runs
    step = -(-len(cases) // SAMPLE)  # rounded up, so that the sample reaches the last cases
    sample = cases[::step]
    answers = [_answer(session, target, case, actor) for target in found for case in sample]
    scores = [_scores(session, new, case) for case in sample]
    # Of a case, once by each target
    once = _sum([*answers, *scores * len(found)])
    likely, most = (
        None if cost is None else round(cost / len(sample) * len(cases) * new.runs, 6)
        for cost in once
    )
    seconds = round((calls + judge_calls) * CALL_S / min(calls, config().max_concurrent_tests))
    return EvaluationEstimate(
        calls=calls,
        judge_calls=judge_calls,
        cost_usd=likely,
        worst_case_usd=most,
        seconds=seconds,
    )


def _sum(costs: Iterable[CallCost]) -> CallCost:
    likely, most = Decimal(0), Decimal(0)
    for cost in costs:
        if cost.likely is None or cost.most is None:
            return CallCost(None, None)
        likely, most = likely + cost.likely, most + cost.most
    return CallCost(likely, most)


def _answer(session: Session, target: RunTarget, case: EvaluatedCase, actor: Actor) -> CallCost:
    """Return the cost of an answer with its turns; services and apps have their own."""
    if target.service_id is not None or target.app is not None:
        return CallCost()
    call = targets.execution_of(session, target, case, run=1, evaluation_id=new_id(), actor=actor)
    output = min(OUTPUT_TOKENS, call.parameters.max_tokens or OUTPUT_TOKENS)
    return _sum([_cost(session, call, output)] * case.turns)


def _scores(session: Session, new: NewEvaluation, case: EvaluatedCase) -> CallCost:
    """Return the cost of scoring an answer, by judges and by comparisons of meaning."""
    calls = (judge_call(session, each) for each in list_judge_questions(new, case, ANSWER))
    verdicts = [_cost(session, call, JUDGE_OUTPUT_TOKENS) for call in calls]
    embedded = list_embedding_calls(new, case, ANSWER)
    return _sum([*verdicts, *(_embedding_cost(session, *each) for each in embedded)])


def _embedding_cost(session: Session, model_id: str | None, texts: list[str]) -> CallCost:
    try:
        route = find_embedding_route(session, model_id)
    except ModelMissing:
        route = None
    if route is None:  # characters are compared instead
        return CallCost()
    rate = token_prices.find_with(session, route, clock.now())
    usage = Usage(input=-(-sum(map(len, texts)) // CHARS_PER_TOKEN), is_estimated=True)
    likely = token_prices.cost_of(route, usage, rate)
    return CallCost(likely.usd, worst_embedding(route, texts, rate).cost)


def _cost(session: Session, call: NewExecution, output: int) -> CallCost:
    route, now = catalogue.find_route(session, call.model_id), clock.now()
    limits = with_max_tokens(call.parameters, route.model.capabilities)
    limited = model_input.call_of(route, call.model_copy(update={"parameters": limits}), None)
    chars = len(call.system_prompt or "") + len(call.prompt)
    chars += sum(message.size_chars for message in call.messages)
    usage = Usage(input=-(-chars // CHARS_PER_TOKEN), output=output, is_estimated=True)
    likely = token_prices.cost_of(route, usage, token_prices.find_with(session, route, now))
    return CallCost(likely.usd, worst_case(session, route, limited, now).cost)
