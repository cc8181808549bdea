"""Read the figures of all answers of an evaluation, for features above it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from core.evaluations import encrypted_texts
from core.evaluations.models import EvaluationResult, EvaluationTest
from core.evaluations.queries.figures import ENDED
from core.evaluations.runs import personality
from core.evaluations.schemas import ResultStatus
from core.scoring.schemas import ScoreResult

CASES_AT_ONCE = 200


class AnswerScores(NamedTuple):
    """The scores, time and cost of an answer that has ended.

    `is_scored`: every scorer could score it; `analysis` is that of its personality.
    """

    position: int
    target: int
    run: int
    is_failed: bool
    is_scored: bool
    passed: bool | None
    score: float | None
    latency_ms: int | None
    cost_usd: Decimal | None
    analysis: ScoreResult | None


def list_scores(session: Session, evaluation_id: UUID) -> Iterator[AnswerScores]:
    """Yield the scores of each answer, in the order of cases."""
    of_it = select(EvaluationTest.cases).where(EvaluationTest.id == evaluation_id)
    for first in range(1, (session.scalar(of_it) or 0) + 1, CASES_AT_ONCE):
        yield from _scores_of_cases(session, evaluation_id, first, first + CASES_AT_ONCE - 1)


def _scores_of_cases(
    session: Session, evaluation_id: UUID, first: int, last: int
) -> Iterator[AnswerScores]:
    rows = (
        select(EvaluationResult)
        .where(
            EvaluationResult.evaluation_id == evaluation_id,
            EvaluationResult.position.between(first, last),
            EvaluationResult.status.in_(ENDED),
        )
        .order_by(EvaluationResult.position, EvaluationResult.target, EvaluationResult.run)
        # Answers are the longest column, and none of the figures needs them
        .options(defer(EvaluationResult.answer))
    )
    for row in session.scalars(rows):
        scores = encrypted_texts.scores_of(row)
        analysis = next((each for each in scores if each.kind == personality.KIND), None)
        yield AnswerScores(
            position=row.position,
            target=row.target,
            run=row.run,
            is_failed=row.status == ResultStatus.FAILED,
            is_scored=all(each.score is not None for each in scores if each is not analysis),
            passed=row.passed,
            score=row.score,
            latency_ms=row.latency_ms,
            cost_usd=row.cost_usd,
            analysis=analysis,
        )
