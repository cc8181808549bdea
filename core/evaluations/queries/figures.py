"""Count the results of an evaluation, by target and case."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Integer, false, func, or_, select
from sqlalchemy.orm import Session

from core.evaluations.models import EvaluationCase, EvaluationResult
from core.evaluations.runs.scored_runs import NOT_SCORED
from core.evaluations.schemas import ResultStatus

PERCENTILES = (0.5, 0.95)
ENDED = (ResultStatus.COMPLETED, ResultStatus.FAILED)
_is_scored = EvaluationResult.passed.is_not(None)
# Counts of runs, in a query of results
PASSED = func.count().filter(EvaluationResult.passed.is_(True))
SCORED = func.count().filter(_is_scored)
FAILED = func.count().filter(EvaluationResult.status == ResultStatus.FAILED)


class CaseCounts(NamedTuple):
    """The runs of a case by a target: how many passed, of those scored, and their mean score."""

    target: int
    position: int
    passed: int
    scored: int
    failed: int
    ended: int
    score: float | None


class TargetTotals(NamedTuple):
    """Times of the answers of a target in milliseconds, the cost of its calls, None when none had a
    price, the answers without one, and those that some of their scorers only could score.
    """

    target: int
    median_ms: int | None
    p95_ms: int | None
    cost_usd: Decimal | None
    unpriced: int
    partly_scored: int


class ScorerCounts(NamedTuple):
    """How often a scorer, by its place from 1, had an outcome: 1, 0 or -1 (not scored)."""

    target: int
    place: int
    outcome: int
    results: int


def case_counts(session: Session, evaluation_id: UUID) -> list[CaseCounts]:
    """Return the counts of each case by each target, of results that have ended."""
    rows = (
        select(
            EvaluationResult.target,
            EvaluationResult.position,
            PASSED,
            SCORED,
            FAILED,
            func.count(),
            func.avg(EvaluationResult.score),
        )
        .where(EvaluationResult.evaluation_id == evaluation_id, EvaluationResult.status.in_(ENDED))
        .group_by(EvaluationResult.target, EvaluationResult.position)
        .order_by(EvaluationResult.target, EvaluationResult.position)
    )
    return [CaseCounts(*row) for row in session.execute(rows)]


def tags_by_position(session: Session, evaluation_id: UUID) -> dict[int, Sequence[str]]:
    """Return the tags of the cases that have any."""
    rows = select(EvaluationCase.position, EvaluationCase.tags).where(
        EvaluationCase.evaluation_id == evaluation_id, func.cardinality(EvaluationCase.tags) > 0
    )
    return {position: tags for position, tags in session.execute(rows)}


def totals(
    session: Session, evaluation_id: UUID, weighted: Sequence[int]
) -> dict[int, TargetTotals]:
    """Return the totals of each target; `weighted` are the places of the scorers that count."""
    percentiles = (
        # A time that was measured, and not one between two of them
        func.percentile_disc(share)
        .within_group(EvaluationResult.latency_ms)
        # A call that is refused at once, or times out, says nothing of how long answers take
        .filter(EvaluationResult.status != ResultStatus.FAILED)
        for share in PERCENTILES
    )
    missing = or_(false(), *(EvaluationResult.checks[place] == NOT_SCORED for place in weighted))
    rows = (
        select(
            EvaluationResult.target,
            *percentiles,
            func.sum(EvaluationResult.cost_usd),
            func.count().filter(
                EvaluationResult.status == ResultStatus.COMPLETED,
                EvaluationResult.cost_usd.is_(None),
            ),
            func.count().filter(_is_scored, missing),
        )
        .where(EvaluationResult.evaluation_id == evaluation_id)
        .group_by(EvaluationResult.target)
    )
    return {row[0]: TargetTotals(*row) for row in session.execute(rows)}


def scorer_counts(session: Session, evaluation_id: UUID) -> list[ScorerCounts]:
    """Return how often each scorer passed, failed and did not score."""
    check = (
        func.unnest(EvaluationResult.checks)
        .table_valued("outcome", with_ordinality="place", name="checked")
        .render_derived()
    )
    place, outcome = check.c.place.cast(Integer), check.c.outcome
    rows = (
        select(EvaluationResult.target, place, outcome, func.count())
        .select_from(EvaluationResult)
        .join(check, EvaluationResult.checks.is_not(None))
        .where(
            EvaluationResult.evaluation_id == evaluation_id,
            EvaluationResult.status == ResultStatus.COMPLETED,
        )
        .group_by(EvaluationResult.target, place, outcome)
    )
    return sorted(ScorerCounts(*row) for row in session.execute(rows))
