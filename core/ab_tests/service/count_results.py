"""Count the results of an A/B test when its evaluation has ended."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from core.ab_tests import encrypted_texts
from core.ab_tests.figures import TRAITS, AnswerFigures, compare_variants
from core.ab_tests.models import AbTestConfiguration, AbTestResult
from core.ab_tests.queries.ab_tests import run_of
from core.ab_tests.schemas import VariantId
from core.database.db import read_session, transaction
from core.database.tables import table_of
from core.evaluations.queries.answer_scores import AnswerScores, list_scores
from core.evaluations.schemas import EvaluationStatus
from core.jobs import queue
from core.platform.ids import new_id

TASK = "ab_tests.count"
VARIANTS = {variant.target: variant for variant in VariantId}
results_table = table_of(AbTestResult)


def defer(session: Session, evaluation_ids: list[UUID]) -> None:
    """Have the worker count the results of those that are of an A/B test."""
    of_them = AbTestConfiguration.evaluation_id.in_(evaluation_ids)
    for evaluation_id in session.scalars(select(AbTestConfiguration.evaluation_id).where(of_them)):
        id_ = str(evaluation_id)
        # One job after the other, so that no earlier count replaces a later one
        queue.defer(session, TASK, lock=f"{TASK}:{id_}", evaluation_id=id_)


def count(evaluation_id: UUID) -> None:
    """Store each answer of an evaluation that has ended, and the figures of its A/B test, instead
    of those before. Opens transactions of its own.
    """
    with read_session() as session:
        test = _find(session, evaluation_id)
        if test is None:
            return
        is_judged = encrypted_texts.definition_of(test).judge_model_id is not None
        scores = list(list_scores(session, evaluation_id))
    answers = [_answer(each, is_judged=is_judged) for each in scores]
    figures = compare_variants(answers, is_judged=is_judged)
    rows = [_row(each, answer) for each, answer in zip(scores, answers, strict=True)]
    with transaction() as session:
        # It may have been run again or removed while its results were counted
        test = _find(session, evaluation_id, lock=True)
        if test is None:
            return
        session.execute(delete(results_table).where(results_table.c.ab_test_id == test.id))
        of_it = {"ab_test_id": test.id, "evaluation_id": evaluation_id}
        if rows:
            session.execute(insert(results_table), [row | of_it for row in rows])
        test.metrics = figures.model_dump(mode="json")
        run = run_of(session, test)
        if run is not None and not EvaluationStatus(run.status).is_going_on:
            test.is_running, test.end_date = False, run.finished_at


def _find(
    session: Session, evaluation_id: UUID, *, lock: bool = False
) -> AbTestConfiguration | None:
    query = select(AbTestConfiguration).where(AbTestConfiguration.evaluation_id == evaluation_id)
    return session.scalar(query.with_for_update() if lock else query)


def _answer(scores: AnswerScores, *, is_judged: bool) -> AnswerFigures:
    variant = VARIANTS[scores.target]
    if scores.is_failed:
        return AnswerFigures(scores.position, variant, is_failed=True)
    quality = scores.score if is_judged else scores.passed
    traits = scores.analysis.details if scores.analysis else {}
    return AnswerFigures(
        scores.position,
        variant,
        # Without one of its scores, an answer's mean is not that of the others
        quality=float(quality) if quality is not None and scores.is_scored else None,
        response_time_ms=scores.latency_ms,
        cost_usd=scores.cost_usd,
        traits=tuple(traits[name] for name in TRAITS) if traits else None,
    )


def _row(scores: AnswerScores, answer: AnswerFigures) -> dict[str, Any]:
    id_, analysis = new_id(), scores.analysis
    problem = analysis.reason if analysis and answer.traits is None else None
    return {
        "id": id_,
        "position": scores.position,
        "variant": answer.variant,
        "run": scores.run,
        "is_failed": answer.is_failed,
        "quality_score": answer.quality,
        "response_time_ms": answer.response_time_ms,
        "cost_usd": answer.cost_usd,
        "personality_analysis": dict(zip(TRAITS, answer.traits, strict=True))
        if answer.traits
        else None,
        "analysis_problem": encrypted_texts.seal_problem(problem, id_),
    }
