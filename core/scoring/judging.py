"""Judges: models that score an answer by a rubric, or compare two."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from core.database.tables import storable
from core.providers.schemas import ChatMessage, MessageRole
from core.providers.structured_output import json_text
from core.scoring import judge_prompts
from core.scoring.judge_prompts import JudgeForm, JudgeVerdict, PairVerdict
from core.scoring.model_access import JudgeCall, JudgeReply, ScoringModels, unfit_judge_reason
from core.scoring.results import name_of, not_scored, scored
from core.scoring.rules import NO_REFERENCE
from core.scoring.schemas import (
    CaseToScore,
    JudgeScorer,
    PairwiseScorer,
    ScoredAnswer,
    ScoreResult,
)

BEST = 5  # the scale is 1 to 5
OUTSIDE = "The judge did not answer in the requested form, also when asked again."
Form = TypeVar("Form", bound=JudgeForm)


@dataclass(frozen=True)
class JudgeOutcome(Generic[Form]):
    """A judge's verdict, or the problem for which there is none, and the calls it took."""

    verdict: Form | None
    problem: str
    replies: tuple[JudgeReply, ...]

    @property
    def cost_usd(self) -> Decimal | None:
        """The cost of the calls, or None when one is unpriced."""
        return total_cost([reply.cost_usd for reply in self.replies])


async def judge(
    spec: JudgeScorer, answer: ScoredAnswer, case: CaseToScore, models: ScoringModels
) -> ScoreResult:
    """Score an answer from 1 to 5 by the rubric, as 0 to 1."""
    message = judge_prompts.absolute(spec.rubric, answer, case)
    outcome = await _verdict(models, spec, judge_prompts.ABSOLUTE, message, JudgeVerdict)
    details = _details([outcome], answer.text, case.reference or "")
    if (verdict := outcome.verdict) is None:
        return not_scored(spec, outcome.problem, cost_usd=outcome.cost_usd, **details)
    score = (verdict.score - 1) / (BEST - 1)
    return scored(
        spec,
        score,
        verdict.rationale,
        passed=score >= spec.threshold,
        cost_usd=outcome.cost_usd,
        rating=verdict.score,
        **details,
    )


async def pairwise(
    spec: PairwiseScorer, answer: ScoredAnswer, case: CaseToScore, models: ScoringModels
) -> ScoreResult:
    """Compare an answer with another in both orders; verdicts that disagree are a tie."""
    other = spec.value if spec.value is not None else case.reference
    if other is None:
        return not_scored(spec, NO_REFERENCE)
    orders = ((answer.text, other), (other, answer.text))
    forward, backward = await asyncio.gather(
        *(
            _verdict(
                models,
                spec,
                judge_prompts.PAIRWISE,
                judge_prompts.comparison(spec.rubric, *texts, case),
                PairVerdict,
            )
            for texts in orders
        )
    )
    cost = total_cost([forward.cost_usd, backward.cost_usd])
    details = _details([forward, backward], answer.text, other)
    if forward.verdict is None or backward.verdict is None:
        problem = forward.problem or backward.problem
        return not_scored(spec, problem, cost_usd=cost, **details)
    points = (_points(forward.verdict, "first"), _points(backward.verdict, "second"))
    is_consistent = points[0] == points[1]
    score = points[0] if is_consistent else 0.5
    return scored(
        spec,
        score,
        forward.verdict.rationale if is_consistent else _inconsistent(points),
        passed=score >= spec.threshold,
        cost_usd=cost,
        position_consistent=is_consistent,
        verdicts=[forward.verdict.better, backward.verdict.better],
        rationales=[forward.verdict.rationale, backward.verdict.rationale],
        **details,
    )


def total_cost(costs: Sequence[Decimal | None]) -> Decimal | None:
    """Return the sum, or None when one is unpriced."""
    priced = [cost for cost in costs if cost is not None]
    return sum(priced, Decimal(0)) if len(priced) == len(costs) else None


async def _verdict(
    models: ScoringModels,
    spec: JudgeScorer | PairwiseScorer,
    instructions: str,
    message: str,
    form: type[Form],
) -> JudgeOutcome[Form]:
    return await ask_in_form(
        models, spec.judge_model_id, instructions, message, form, scorer=name_of(spec)
    )


async def ask_in_form(
    models: ScoringModels,
    model_id: str | None,
    instructions: str,
    message: str,
    form: type[Form],
    *,
    scorer: str,
) -> JudgeOutcome[Form]:
    """Ask a judge once, and once more when its answer does not have the form."""
    messages = [ChatMessage(role=MessageRole.USER, content=message)]
    replies = list[JudgeReply]()
    for _ in range(2):
        reply = await models.ask(
            JudgeCall(
                model_id=model_id,
                system_prompt=instructions,
                messages=tuple(messages),
                response_schema=form.model_json_schema(),
                scorer=scorer,
            )
        )
        replies.append(reply)
        if reply.problem is not None:
            return JudgeOutcome(None, reply.problem, tuple(replies))
        if (verdict := _parsed(reply.text, form)) is not None:
            return JudgeOutcome(verdict, "", tuple(replies))
        messages += [
            # Vendors refuse a message without a text
            ChatMessage(role=MessageRole.ASSISTANT, content=reply.text or "(empty)"),
            ChatMessage(role=MessageRole.USER, content=judge_prompts.AGAIN),
        ]
    return JudgeOutcome(None, OUTSIDE, tuple(replies))


def _parsed(text: str, form: type[Form]) -> Form | None:
    try:
        verdict = form.model_validate_json(json_text(text))
    except ValidationError:
        return None
    return verdict.model_copy(update={"rationale": storable(verdict.rationale)})


def _points(verdict: PairVerdict, place: str) -> float:
    """Return 1, 0.5 or 0 for the answer that stood in this place."""
    if verdict.better == "tie":
        return 0.5
    return float(verdict.better == place)


def _inconsistent(points: Sequence[float]) -> str:
    words = {1.0: "better", 0.5: "equal", 0.0: "worse"}
    first, second = (words[each] for each in points)
    return f"A tie: read first, the answer was {first}; read second, it was {second}."


def _details(outcomes: Sequence[JudgeOutcome[Any]], *texts: str) -> dict[str, Any]:
    replies = [reply for outcome in outcomes for reply in outcome.replies]
    model_id = next((reply.model_id for reply in reversed(replies) if reply.model_id), None)
    details = {
        "judge_model_id": model_id,
        "execution_ids": [str(reply.execution_id) for reply in replies if reply.execution_id],
        "unfit_judge": unfit_judge_reason(model_id),
        "cut": judge_prompts.is_cut(*texts) or None,
    }
    return {name: value for name, value in details.items() if value is not None}
