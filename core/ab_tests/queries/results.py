"""Read the result of an A/B test, its cases, and its answers."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.ab_tests import encrypted_texts, recommendations, winner
from core.ab_tests.errors import NoAbTestResult
from core.ab_tests.figures import TRAITS
from core.ab_tests.models import AbTestResult
from core.ab_tests.queries.ab_tests import figures_of, get_row, run_of, variants_of
from core.ab_tests.schemas import VariantId
from core.ab_tests.views import (
    AbAnswerExport,
    AbCaseOrder,
    AbCaseRow,
    AbMetric,
    AbMetrics,
    AbTestFigures,
    AbTestOutcome,
    CaseAnswers,
    CostPair,
    MetricPair,
    TimePair,
)
from core.database.paging import Page, Window
from core.evaluations.queries import results as evaluation_results
from core.evaluations.queries.results import CaseQuestion
from core.evaluations.views import CaseView, RunExport
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.scoring.model_access import unfit_judge_reason

USD_DECIMALS = Decimal("0.00000001")


def get_outcome(session: Session, ab_test_id: UUID, *, actor: Actor) -> AbTestOutcome:
    """Return the result of the last run; raise Forbidden, AbTestMissing or NoAbTestResult."""
    require(actor, Permission.RUN_MODELS)
    row = get_row(session, ab_test_id, owner=actor.id)
    figures = figures_of(row, run_of(session, row))
    if figures is None:
        raise NoAbTestResult
    judge = encrypted_texts.definition_of(row).judge_model_id
    names = {variant.id: variant.name for variant in variants_of(row)}
    unfit = unfit_judge_reason(judge) if judge else None
    return AbTestOutcome(
        winner=winner.winner_of(figures),
        verdict=winner.verdict_of(figures.of(AbMetric.QUALITY)),
        metrics=_metrics(figures),
        recommendation=recommendations.recommend(figures, names, unfit_judge=unfit),
        rule=winner.RULE,
        comparisons=figures.metrics,
        A=figures.A,
        B=figures.B,
    )


def _metrics(figures: AbTestFigures) -> AbMetrics:
    a, b = (
        {each.metric: getattr(each, variant).value for each in figures.metrics}
        for variant in VariantId
    )
    quality, consistency, time, cost = ((a[metric], b[metric]) for metric in AbMetric)
    return AbMetrics(
        quality_scores=MetricPair(A=quality[0], B=quality[1]),
        personality_consistency=MetricPair(A=consistency[0], B=consistency[1]),
        average_response_time=TimePair(A=_ms(time[0]), B=_ms(time[1])),
        cost_usd=CostPair(A=_usd(cost[0]), B=_usd(cost[1])),
    )


def _ms(amount: float | None) -> int | None:
    return None if amount is None else round(amount)


def _usd(amount: float | None) -> Decimal | None:
    return None if amount is None else Decimal(amount).quantize(USD_DECIMALS)


def _columns(variant: VariantId) -> tuple[ColumnElement[Any], ...]:
    """Return the quality, the time, and the number of failed calls of a variant's answers."""
    is_own = AbTestResult.variant == variant
    return (
        func.avg(AbTestResult.quality_score).filter(is_own),
        func.avg(AbTestResult.response_time_ms).filter(is_own),
        func.count().filter(is_own, AbTestResult.is_failed),
    )


def list_cases(
    session: Session,
    ab_test_id: UUID,
    window: Window,
    *,
    order: AbCaseOrder = AbCaseOrder.DIFFERENT,
    actor: Actor,
) -> Page[AbCaseRow]:
    """Return the cases of the last run; raise Forbidden or AbTestMissing."""
    require(actor, Permission.RUN_MODELS)
    row = get_row(session, ab_test_id, owner=actor.id)
    if row.evaluation_id is None:
        return window.page([], 0)
    a, b = (_columns(variant) for variant in VariantId)
    # Cases that a variant has no score of come first: least() alone would pass over its null
    worse = func.least(func.coalesce(a[0], -1), func.coalesce(b[0], -1))
    orders = {
        AbCaseOrder.DIFFERENT: (func.abs(a[0] - b[0]).desc().nulls_last(), worse),
        AbCaseOrder.WORST: (worse,),
    }
    of_it = AbTestResult.ab_test_id == ab_test_id
    found = session.execute(
        select(AbTestResult.position, *a, *b)
        .where(of_it)
        .group_by(AbTestResult.position)
        .order_by(*orders[order], AbTestResult.position)
        .limit(window.limit)
        .offset(window.offset)
    ).all()
    counting = select(func.count(AbTestResult.position.distinct())).where(of_it)
    total = window.total(len(found), lambda: session.scalar(counting) or 0)
    positions = [each[0] for each in found]
    cases = evaluation_results.questions(session, row.evaluation_id, positions)
    rows = [
        _case(cases[position], position, *figures)
        for position, *figures in found
        if position in cases  # a new run removes the cases of the last one
    ]
    return window.page(rows, total)


def _case(case: CaseQuestion, position: int, *figures: Any) -> AbCaseRow:  # noqa: ANN401  of _columns
    a, b = _answers(*figures[:3]), _answers(*figures[3:])
    is_known = a.quality is not None and b.quality is not None
    return AbCaseRow(
        id=case.id,
        position=position,
        question=case.question,
        tags=case.tags,
        A=a,
        B=b,
        difference=(a.quality or 0) - (b.quality or 0) if is_known else None,
    )


def _answers(quality: float | None, time_ms: Decimal | None, failed: int) -> CaseAnswers:
    response_time_ms = None if time_ms is None else round(time_ms)
    return CaseAnswers(quality=quality, response_time_ms=response_time_ms, failed=failed)


def get_case(session: Session, ab_test_id: UUID, case_id: UUID, *, actor: Actor) -> CaseView:
    """Return a case with the answers of A (target 1) and B (target 2).

    Raises Forbidden, AbTestMissing, NoAbTestResult or EvaluationCaseMissing.
    """
    require(actor, Permission.RUN_MODELS)
    row = get_row(session, ab_test_id, owner=actor.id)
    if row.evaluation_id is None:
        raise NoAbTestResult
    return evaluation_results.get_case(session, row.evaluation_id, case_id, actor=actor)


def export_after(
    session: Session, ab_test_id: UUID, position: int, *, actor: Actor
) -> tuple[list[AbAnswerExport], int | None]:
    """Return the answers to the next cases after a position, and the last position of these cases:
    None when there are no more.

    Raises Forbidden, AbTestMissing or NoAbTestResult.
    """
    require(actor, Permission.RUN_MODELS)
    row = get_row(session, ab_test_id, owner=actor.id)
    if row.evaluation_id is None:
        raise NoAbTestResult
    runs, last = evaluation_results.export_after(session, row.evaluation_id, position, actor=actor)
    names = {variant.id: variant.name for variant in variants_of(row)}
    positions = {run.position for run in runs}
    of_these = (AbTestResult.ab_test_id == ab_test_id, AbTestResult.position.in_(positions))
    scored = {
        (each.position, each.variant, each.run): each
        for each in session.scalars(select(AbTestResult).where(*of_these))
    }
    found = []
    for run in runs:
        variant = VariantId.A if run.target_number == VariantId.A.target else VariantId.B
        result = scored.get((run.position, variant, run.run))
        found.append(_export(run, variant, names[variant], result))
    return found, last


def _export(
    run: RunExport, variant: VariantId, name: str, result: AbTestResult | None
) -> AbAnswerExport:
    traits = (result.personality_analysis or {}) if result else {}
    # A case of a conversation has texts of users, which only super admins export
    is_withheld = run.input is None
    return AbAnswerExport(
        position=run.position,
        variant=variant,
        name=name,
        run=run.run,
        status=run.status,
        input=run.input,
        output=run.output,
        error=run.error,
        quality_score=result.quality_score if result else None,
        response_time_ms=run.latency_ms,
        cost_usd=run.cost_usd,
        analysis_problem=encrypted_texts.problem_of(result) if result and not is_withheld else None,
        **{name: traits.get(name) for name in TRAITS},
    )
