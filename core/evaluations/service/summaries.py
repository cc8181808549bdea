"""Write the figures of an evaluation, so that reading them does not count its results."""

from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.db import read_session, transaction
from core.database.tables import table_of
from core.evaluations import encrypted_texts
from core.evaluations.figures.summary import summarize
from core.evaluations.models import EvaluationOutcomes, EvaluationTest
from core.evaluations.queries import figures, paired_cases

outcomes_table = table_of(EvaluationOutcomes)


def write(evaluation_id: UUID) -> None:
    """Count an evaluation's results, and store their figures; one that was removed has none."""
    with read_session() as session:
        row = session.get(EvaluationTest, evaluation_id)
        if row is None:
            return
        scorers = encrypted_texts.definition_of(row).scorers
        own_place = len(scorers) + 1
        weighted = [place for place, scorer in enumerate(scorers, 1) if scorer.weight]
        counts = figures.case_counts(session, evaluation_id)
        summary = summarize(
            counts,
            figures.tags_by_position(session, evaluation_id),
            figures.totals(session, evaluation_id, [*weighted, own_place]),
            figures.scorer_counts(session, evaluation_id),
            targets=row.targets,
            own_place=own_place,
        )
    outcomes = [
        {"evaluation_id": evaluation_id, "target": number, **paired_cases.pack(counts, number)}
        for number in range(1, row.targets + 1)
    ]
    # Counting many results takes a while, so the row is locked only to store their figures
    with transaction() as session:
        stored = update(EvaluationTest).where(EvaluationTest.id == evaluation_id)
        stored = stored.values(summary=summary.model_dump(mode="json"))
        if session.scalar(stored.returning(EvaluationTest.id)):  # it may be removed meanwhile
            _store_outcomes(session, outcomes)


def _store_outcomes(session: Session, outcomes: list[dict[str, Any]]) -> None:
    fresh = insert(outcomes_table)
    changed = ("positions", "passed", "scored", "scores")
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=["evaluation_id", "target"],
            set_={name: fresh.excluded[name] for name in changed},
        ),
        outcomes,
    )
