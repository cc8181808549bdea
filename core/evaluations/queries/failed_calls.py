"""Why calls of an evaluation failed."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, load_only

from core.evaluations import encrypted_texts
from core.evaluations.models import EvaluationResult
from core.evaluations.schemas import ResultStatus


def call_errors(session: Session, evaluation_id: UUID) -> dict[int, str]:
    """Return why a call failed, by target: of the first case with a failed call."""
    failed = (
        select(EvaluationResult)
        .options(load_only(EvaluationResult.target, EvaluationResult.answer))
        .where(
            EvaluationResult.evaluation_id == evaluation_id,
            EvaluationResult.status == ResultStatus.FAILED,
        )
        .ext(distinct_on(EvaluationResult.target))
        .order_by(EvaluationResult.target, EvaluationResult.position, EvaluationResult.run)
    )
    answers = ((row.target, encrypted_texts.answer_of(row)) for row in session.scalars(failed))
    return {target: answer.error for target, answer in answers if answer and answer.error}
