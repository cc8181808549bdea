"""Score an answer by an evaluation's scorers and the case's own."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from core.evaluations.cases.case_schemas import EvaluatedCase
from core.evaluations.runs import personality
from core.evaluations.runs.work_items import ScoredRun
from core.evaluations.schemas import EvaluationDefinition
from core.scoring.model_access import ScoringModels
from core.scoring.schemas import (
    CaseToScore,
    MessageToScore,
    ScoredAnswer,
    ScoreResult,
    ScorerSpec,
)
from core.scoring.scorers import combine, score

PASSED, FAILED, NOT_SCORED = 1, 0, -1


async def score_run(
    answer: ScoredAnswer,
    case: EvaluatedCase,
    definition: EvaluationDefinition,
    models: ScoringModels | None,
) -> ScoredRun:
    """Return the scores of an answer. Scorers of the evaluation come first, then the case's, and at
    the end how it sounds, if the evaluation has a judge of that.
    """
    specs: tuple[ScorerSpec, ...] = (*definition.scorers, *case.assertions)
    asked = to_score(case)
    scoring = [score(spec, answer, asked, models) for spec in specs]
    if definition.personality_judge_id is not None and models is not None:
        judge_id = definition.personality_judge_id
        scoring.append(personality.analyze(answer, case, judge_id, models))
    scores = tuple(await asyncio.gather(*scoring))
    results = scores[: len(specs)]
    whole = combine(results, specs, definition.threshold)
    checks = [_check(it.passed) for it in results[: len(definition.scorers)]]
    checks += _own_check(results[len(definition.scorers) :], case.assertions)
    return ScoredRun(scores, checks, whole.passed, whole.score, _cost(scores))


def to_score(case: EvaluatedCase) -> CaseToScore:
    """Return what scorers see of a case."""
    return CaseToScore(
        messages=tuple(MessageToScore(role=it.role, content=it.content) for it in case.messages),
        context=case.context,
        reference=case.reference,
    )


def _check(passed: bool | None) -> int:
    if passed is None:
        return NOT_SCORED
    return PASSED if passed else FAILED


def _own_check(results: Sequence[ScoreResult], specs: Sequence[ScorerSpec]) -> list[int]:
    """Return the check of the case's own scorers, not scored when one is not; none without a
    weight.
    """
    counted = [it for it, spec in zip(results, specs, strict=True) if spec.weight]
    if not counted:
        return []
    if any(it.score is None for it in counted):
        return [NOT_SCORED]
    return [_check(combine(results, specs).passed)]


def _cost(results: tuple[ScoreResult, ...]) -> Decimal | None:
    costs = [it.cost_usd for it in results]
    known = [cost for cost in costs if cost is not None]
    # A sum without an unpriced call would look like the whole cost
    return sum(known, Decimal(0)) if len(known) == len(costs) else None
