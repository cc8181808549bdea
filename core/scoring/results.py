"""Results of scorers, from what they found."""

from decimal import Decimal
from typing import Any

from core.scoring.schemas import ScoreResult, ScorerSpec

MAX_REASON_CHARS = 2000


def name_of(spec: ScorerSpec) -> str:
    """Return the name of a scorer's results: its own, else its kind."""
    return spec.name or (f"not {spec.kind}" if spec.negate else spec.kind)


def scored(
    spec: ScorerSpec,
    score: float,
    reason: str,
    *,
    passed: bool | None = None,
    cost_usd: Decimal | None = Decimal(0),
    **details: Any,  # noqa: ANN401  JSON
) -> ScoreResult:
    """Return a result, negated when the scorer is; it passes from a score of 1, unless `passed`."""
    is_passed = score >= 1 if passed is None else passed
    return ScoreResult(
        name=name_of(spec),
        kind=spec.kind,
        passed=is_passed is not spec.negate,
        score=1 - score if spec.negate else score,
        reason=reason[:MAX_REASON_CHARS],
        cost_usd=cost_usd,
        details=details,
    )


def not_scored(
    spec: ScorerSpec,
    reason: str,
    *,
    cost_usd: Decimal | None = Decimal(0),
    **details: Any,  # noqa: ANN401  JSON
) -> ScoreResult:
    """Return that an answer could not be scored, and why."""
    return ScoreResult(
        name=name_of(spec),
        kind=spec.kind,
        passed=None,
        score=None,
        reason=reason[:MAX_REASON_CHARS],
        cost_usd=cost_usd,
        details=details,
    )
