"""Score an answer by one scorer, and combine the results of several."""

import asyncio
from collections.abc import Sequence

from core.scoring import judging, rules
from core.scoring.model_access import ScoringModels
from core.scoring.results import not_scored, scored
from core.scoring.rules import NO_REFERENCE
from core.scoring.schemas import (
    AllScorer,
    AnyScorer,
    CaseToScore,
    CombinedScore,
    ContainsScorer,
    CostScorer,
    ExactScorer,
    JsonSchemaScorer,
    JudgeScorer,
    LatencyScorer,
    NumericScorer,
    PairwiseScorer,
    RegexScorer,
    ScoredAnswer,
    ScoreResult,
    ScorerSpec,
    SimilarityScorer,
    ToolCalledScorer,
)
from core.scoring.text_measures.similarity import chrf, cosine

NO_MODELS = "No models can be called here."
EMPTY = "An empty text has no embedding."
MAX_EMBEDDED_CHARS = 20_000


async def score(
    spec: ScorerSpec, answer: ScoredAnswer, case: CaseToScore, models: ScoringModels | None
) -> ScoreResult:
    """Return the result of a scorer; an answer with an error is not scored.

    Without `models`, judges do not score, and similarity compares characters.
    """
    if answer.error is not None:
        return not_scored(spec, f"There is no answer: {answer.error}")
    match spec:
        case AllScorer() | AnyScorer():
            inside = await asyncio.gather(
                *(score(child, answer, case, models) for child in spec.scorers)
            )
            return _all(spec, inside) if isinstance(spec, AllScorer) else _any(spec, inside)
        case SimilarityScorer():
            return await _similarity(spec, answer, case, models)
        case JudgeScorer() | PairwiseScorer():
            return await _judged(spec, answer, case, models)
        case _:
            return _by_rule(spec, answer, case)


def combine(
    results: Sequence[ScoreResult], specs: Sequence[ScorerSpec], threshold: float | None = None
) -> CombinedScore:
    """Return the weighted mean of what is scored, and whether it reaches the threshold.

    Without a threshold, each scorer that has a weight must pass. Those that are not scored stay out
    of the mean and are counted.
    """
    counted = [
        (result, spec.weight)
        for result, spec in zip(results, specs, strict=True)
        if result.score is not None
    ]
    weight = sum(each for _, each in counted)
    not_scored_count = len(results) - len(counted)
    if not weight:
        return CombinedScore(
            passed=None, score=None, scored=len(counted), not_scored=not_scored_count
        )
    mean = sum((result.score or 0) * each for result, each in counted) / weight
    passed = (
        all(result.passed for result, each in counted if each)
        if threshold is None
        else mean >= threshold or abs(mean - threshold) < 1e-12  # sums of tenths are not exact
    )
    return CombinedScore(
        passed=passed, score=mean, scored=len(counted), not_scored=not_scored_count
    )


def embedded_texts(answer: str, expected: str) -> list[str]:
    """Return what is embedded to compare an answer with a text."""
    return [text[:MAX_EMBEDDED_CHARS].strip() for text in (answer, expected)]


def _by_rule(
    spec: (
        ContainsScorer
        | ExactScorer
        | RegexScorer
        | JsonSchemaScorer
        | NumericScorer
        | ToolCalledScorer
        | LatencyScorer
        | CostScorer
    ),
    answer: ScoredAnswer,
    case: CaseToScore,
) -> ScoreResult:
    match spec:
        case ContainsScorer():
            return rules.contains(spec, answer)
        case ExactScorer():
            return rules.exact(spec, answer, case)
        case RegexScorer():
            return rules.regex(spec, answer)
        case JsonSchemaScorer():
            return rules.json_schema(spec, answer)
        case NumericScorer():
            return rules.numeric(spec, answer, case)
        case ToolCalledScorer():
            return rules.tool_called(spec, answer)
        case LatencyScorer():
            return rules.latency(spec, answer)
        case CostScorer():
            return rules.cost(spec, answer)


async def _judged(
    spec: JudgeScorer | PairwiseScorer,
    answer: ScoredAnswer,
    case: CaseToScore,
    models: ScoringModels | None,
) -> ScoreResult:
    if models is None:
        return not_scored(spec, NO_MODELS)
    if isinstance(spec, JudgeScorer):
        return await judging.judge(spec, answer, case, models)
    return await judging.pairwise(spec, answer, case, models)


async def _similarity(
    spec: SimilarityScorer, answer: ScoredAnswer, case: CaseToScore, models: ScoringModels | None
) -> ScoreResult:
    """Compare meanings by embeddings; without them characters, which the result says."""
    expected = spec.value if spec.value is not None else case.reference
    if expected is None:
        return not_scored(spec, NO_REFERENCE)
    # A vendor refuses to embed an empty text
    texts = embedded_texts(answer.text, expected)
    problem = NO_MODELS if models is None else EMPTY
    if models is not None and all(texts):
        vectors = await models.embed(spec.model_id, texts)
        if vectors.problem is None:
            found = cosine(*vectors.vectors)
            return scored(
                spec,
                found,
                f"Similarity {found:.2f} by embeddings.",
                passed=found >= spec.threshold,
                cost_usd=vectors.cost_usd,
                measure="embeddings",
                model_id=vectors.model_id,
            )
        problem = vectors.problem
    found = chrf(answer.text, expected)
    return scored(
        spec,
        found,
        f"Similarity {found:.2f} by characters (chrF), not by meaning. {problem}",
        passed=found >= spec.threshold,
        measure="lexical",
        no_embeddings=problem,
    )


def _all(spec: AllScorer, inside: Sequence[ScoreResult]) -> ScoreResult:
    scores = [result.score for result in inside if result.score is not None]
    failed = [result.name for result in inside if result.passed is False]
    if not failed and len(scores) < len(inside):
        return _undecided(spec, inside)
    reason = f"Failed: {', '.join(failed)}." if failed else "All passed."
    return _joined(spec, inside, min(scores), reason, passed=not failed)


def _any(spec: AnyScorer, inside: Sequence[ScoreResult]) -> ScoreResult:
    scores = [result.score for result in inside if result.score is not None]
    passed = [result.name for result in inside if result.passed]
    if not passed and len(scores) < len(inside):
        return _undecided(spec, inside)
    reason = f"Passed: {', '.join(passed)}." if passed else "None passed."
    return _joined(spec, inside, max(scores), reason, passed=bool(passed))


def _joined(
    spec: AllScorer | AnyScorer,
    inside: Sequence[ScoreResult],
    found: float,
    reason: str,
    *,
    passed: bool,
) -> ScoreResult:
    return scored(
        spec,
        found,
        reason,
        passed=passed,
        cost_usd=judging.total_cost([result.cost_usd for result in inside]),
        results=[result.model_dump(mode="json") for result in inside],
    )


def _undecided(spec: AllScorer | AnyScorer, inside: Sequence[ScoreResult]) -> ScoreResult:
    missing = next(result for result in inside if result.score is None)
    return not_scored(
        spec,
        f"{missing.name} is not scored: {missing.reason}",
        cost_usd=judging.total_cost([result.cost_usd for result in inside]),
        results=[result.model_dump(mode="json") for result in inside],
    )
