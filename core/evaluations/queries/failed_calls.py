"""Why calls of an evaluation failed."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from core.evaluations import encrypted_texts
from core.evaluations.models import EvaluationResult
from core.evaluations.schemas import ResultStatus


def call_error(session: Session, evaluation_id: UUID, target: int) -> str | None:
    """Return why the first call of a target failed that did, or None."""
    # Of one at a time: with a hundred thousand failed calls, all of them would be sorted
    failed = (
        select(EvaluationResult)
        .options(load_only(EvaluationResult.answer))
        .where(
            EvaluationResult.evaluation_id == evaluation_id,
            EvaluationResult.target == target,
            EvaluationResult.status == ResultStatus.FAILED,
        )
        .order_by(EvaluationResult.position, EvaluationResult.run)
        .limit(1)
    )
    row = session.scalar(failed)
    answer = encrypted_texts.answer_of(row) if row is not None else None
    return answer.error if answer is not None else None
