"""Write the figures of an evaluation, so that reading them does not count its results."""

from uuid import UUID

from sqlalchemy import update

from core.database.db import read_session, transaction
from core.evaluations import encrypted_texts
from core.evaluations.figures.summary import summarize
from core.evaluations.models import EvaluationTest
from core.evaluations.queries import figures


def write(evaluation_id: UUID) -> None:
    """Count an evaluation's results, and store their figures; one that was removed has none."""
    with read_session() as session:
        row = session.get(EvaluationTest, evaluation_id)
        if row is None:
            return
        summary = summarize(
            figures.case_counts(session, evaluation_id),
            figures.tags_by_position(session, evaluation_id),
            figures.totals(session, evaluation_id),
            figures.scorer_counts(session, evaluation_id),
            targets=row.targets,
            own_place=len(encrypted_texts.definition_of(row).scorers) + 1,
        )
    with transaction() as session:
        stored = update(EvaluationTest).where(EvaluationTest.id == evaluation_id)
        session.execute(stored.values(summary=summary.model_dump(mode="json")))
