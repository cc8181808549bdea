"""Evaluations with their figures, as their owners see them."""

from datetime import timedelta
from decimal import Decimal
from math import isnan
from uuid import UUID

from sqlalchemy.orm import Session

from core.database.paging import Page, Window
from core.evaluations import encrypted_texts
from core.evaluations.errors import NoCommonCases, TargetNumberMissing
from core.evaluations.figures import comparison
from core.evaluations.figures.comparison import PairedCases
from core.evaluations.figures.comparison_views import (
    ChangedCase,
    ComparedTarget,
    EvaluationComparison,
)
from core.evaluations.figures.recommendations import recommend
from core.evaluations.models import EvaluationTest
from core.evaluations.queries import paired_cases
from core.evaluations.queries.evaluations import count_rows, get_row, list_rows
from core.evaluations.queries.failed_calls import call_error
from core.evaluations.queries.results import questions
from core.evaluations.runs.targets import is_callable
from core.evaluations.schemas import Continued, EvaluationDefinition, EvaluationStatus
from core.evaluations.views import (
    Estimate,
    EvaluationListItem,
    EvaluationProgress,
    EvaluationSummary,
    EvaluationView,
    TargetFigures,
    TargetView,
)
from core.identity.models import ApiKey
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock

NEWEST = Window(limit=100)
SILENCE = timedelta(seconds=20)  # of a worker and an app


def list_evaluations(
    session: Session, window: Window = NEWEST, *, actor: Actor
) -> Page[EvaluationListItem]:
    """Return the evaluations that the actor sees, the newest first; raise Forbidden."""
    require(actor, Permission.RUN_MODELS)
    rows = list_rows(session, actor=actor, limit=window.limit, offset=window.offset)
    total = window.total(len(rows), lambda: count_rows(session, actor=actor))
    return window.page([_item(row) for row in rows], total)


def get_evaluation(session: Session, evaluation_id: UUID, *, actor: Actor) -> EvaluationView:
    """Return an evaluation with its figures; raise Forbidden or EvaluationMissing."""
    require(actor, Permission.RUN_MODELS)
    row = get_row(session, evaluation_id, actor=actor)
    key = session.get(ApiKey, row.key_id) if row.key_id else None
    return _view(session, row, key.name if key else None)


def get_item(session: Session, evaluation_id: UUID, *, actor: Actor) -> EvaluationListItem:
    """Return an evaluation as lists show it; raise Forbidden or EvaluationMissing."""
    require(actor, Permission.RUN_MODELS)
    return _item(get_row(session, evaluation_id, actor=actor))


def _view(session: Session, row: EvaluationTest, key_name: str | None) -> EvaluationView:
    definition = encrypted_texts.definition_of(row)
    found = _targets(session, row, definition)
    first = found[0]
    progress = progress_of(row, definition)
    return EvaluationView(
        id=row.id,
        name=encrypted_texts.name_of(row),
        key_name=key_name,
        status=EvaluationStatus(row.status),
        error=encrypted_texts.error_of(row),
        progress=progress,
        success_rate=first.success_rate,
        average_score=first.score.value,
        consistency=first.consistency,
        recommendations=recommend(
            found, gone=_gone(session, found, definition), is_whole=progress.done == progress.total
        )
        if row.done
        else [],
        results=found,
        cases=row.cases,
        runs=row.runs,
        cost_limit_usd=row.cost_limit_usd,
        spent_usd=row.spent_usd,
        unpriced=row.unpriced,
        baseline_id=row.baseline_id,
        dataset_id=row.dataset_id,
        dataset_version=row.dataset_version,
        scorers=[scorer.model_dump(mode="json") for scorer in definition.scorers],
        threshold=definition.threshold,
        personality_judge_id=definition.personality_judge_id,
        definition_targets=definition.targets,
        manifest=definition.manifest,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _targets(
    session: Session, row: EvaluationTest, definition: EvaluationDefinition
) -> list[TargetView]:
    """Return the targets with their stored figures, and why a call of each failed."""
    by_number = {each.target: each for each in _summary(row).targets}
    names = tuple(scorer.name or scorer.kind for scorer in definition.scorers)
    none, found = Estimate(), []
    for number, target in enumerate(definition.targets, 1):
        figures = by_number.get(number) or TargetFigures(
            target=number, success_rate=none, score=none
        )
        found.append(
            TargetView(
                **figures.model_dump(),
                title=target.title,
                model_id=target.model_id,
                app=target.app,
                prompt_name=target.prompt_name,
                prompt_version=target.prompt_version,
                scorer_names=names,
                call_error=call_error(session, row.id, number) if figures.failed else None,
            )
        )
    return found


def _gone(session: Session, found: list[TargetView], definition: EvaluationDefinition) -> set[int]:
    """Return the numbers of the targets with failed calls whose model or service is gone."""
    failed = [each.target for each in found if each.failed]
    return {number for number in failed if not is_callable(session, definition.targets[number - 1])}


def _summary(row: EvaluationTest) -> EvaluationSummary:
    return EvaluationSummary.model_validate(row.summary) if row.summary else EvaluationSummary()


def _item(row: EvaluationTest) -> EvaluationListItem:
    definition = encrypted_texts.definition_of(row)
    return EvaluationListItem(
        id=row.id,
        name=encrypted_texts.name_of(row),
        status=EvaluationStatus(row.status),
        progress=progress_of(row, definition),
        targets=tuple(target.title for target in definition.targets),
        rates=tuple(target.success_rate for target in _summary(row).targets),
        dataset_id=row.dataset_id,
        cases=row.cases,
        runs=row.runs,
        spent_usd=row.spent_usd,
        unpriced=row.unpriced,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def progress_of(row: EvaluationTest, definition: EvaluationDefinition) -> EvaluationProgress:
    """Return how far an evaluation is, and what all of it may take."""
    total = row.cases * row.targets * row.runs
    before = definition.continued
    return EvaluationProgress(
        done=row.done,
        total=total,
        failed=row.failed,
        waiting=row.waiting,
        is_waiting=_is_waiting(row, total),
        left_s=_left_s(row, total, before),
        estimated_usd=_estimated_usd(row, total, before),
    )


def _estimated_usd(row: EvaluationTest, total: int, before: Continued | None) -> Decimal | None:
    done, spent = (before.done, before.spent_usd) if before else (0, Decimal(0))
    if row.done <= done:
        return None
    return round(spent + (row.spent_usd - spent) / (row.done - done) * (total - done), 6)


def _is_waiting(row: EvaluationTest, total: int) -> bool:
    is_open = EvaluationStatus(row.status).is_going_on and row.waiting > 0
    return is_open and row.done + row.waiting == total and row.alive_at < clock.now() - SILENCE


def _left_s(row: EvaluationTest, total: int, before: Continued | None) -> int | None:
    begun, done = (before.at, before.done) if before else (row.started_at, 0)
    if row.status != EvaluationStatus.RUNNING or row.done <= done or begun is None:
        return None
    if row.waiting:  # when an app answers is unknown
        return None
    passed = (clock.now() - begun) / timedelta(seconds=1)
    return round(passed / (row.done - done) * (total - row.done))


def compare(
    session: Session, evaluation_id: UUID, baseline_id: UUID, *, baseline_target: int, actor: Actor
) -> EvaluationComparison:
    """Compare each target with one of the baseline's, over the cases in common: those that ask the
    same. The evaluation itself can be the baseline, of its other targets.

    Raises EvaluationMissing, TargetNumberMissing or NoCommonCases.
    """
    require(actor, Permission.RUN_MODELS)
    row = get_row(session, evaluation_id, actor=actor)
    base = get_row(session, baseline_id, actor=actor)
    if baseline_target > base.targets:
        raise TargetNumberMissing
    return _compare(session, row, base, baseline_target)


def _compare(
    session: Session, row: EvaluationTest, base: EvaluationTest, baseline_target: int
) -> EvaluationComparison:
    definitions = [encrypted_texts.definition_of(it) for it in (row, base)]
    titles, base_titles = ([target.title for target in it.targets] for it in definitions)
    common = paired_cases.common_cases(session, row.id, base.id)
    if not len(common.own):
        raise NoCommonCases
    counts = paired_cases.read_counts(session, row)
    baseline = (counts if base is row else paired_cases.read_counts(session, base))[baseline_target]
    compared = []
    for number, title in enumerate(titles, 1):
        if base is row and number == baseline_target:
            continue
        cases = comparison.pair(counts[number], baseline, common)
        changes = comparison.changes(cases)
        compared.append(
            ComparedTarget(
                target=number,
                title=title,
                baseline_target=baseline_target,
                baseline_title=base_titles[baseline_target - 1],
                passes=comparison.by_passes(cases),
                scores=comparison.by_scores(cases),
                worse=changes.worse,
                better=changes.better,
                changed_cases=_changed(session, row.id, base.id, changes.shown),
            )
        )
    return EvaluationComparison(
        evaluation_id=row.id,
        baseline_id=base.id,
        cases_in_common=len(common.own),
        scoring_note=comparison.scoring_note(*definitions),
        targets=compared,
    )


def _changed(
    session: Session, evaluation_id: UUID, baseline_id: UUID, cases: PairedCases
) -> list[ChangedCase]:
    this, baseline = cases
    positions, others = this.positions.tolist(), baseline.positions.tolist()
    asked = questions(session, evaluation_id, positions)
    before = paired_cases.case_ids(session, baseline_id, others)
    return [
        ChangedCase(
            id=asked[position].id,
            baseline_id=before[other],
            position=position,
            question=asked[position].question,
            passed=this.passed[place],
            scored=this.scored[place],
            score=_known(this.scores[place]),
            baseline_passed=baseline.passed[place],
            baseline_scored=baseline.scored[place],
            baseline_score=_known(baseline.scores[place]),
        )
        for place, (position, other) in enumerate(zip(positions, others, strict=True))
    ]


def _known(score: float) -> float | None:
    return None if isnan(score) else score
