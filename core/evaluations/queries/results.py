"""Read the cases and runs of an evaluation."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, any_, func, select
from sqlalchemy.orm import Session

from core.datasets.queries.cases import find_without_users
from core.evaluations import encrypted_texts
from core.evaluations.cases.case_schemas import EvaluatedCase
from core.evaluations.errors import EvaluationCaseMissing
from core.evaluations.models import EvaluationCase, EvaluationResult, EvaluationTest
from core.evaluations.queries.evaluations import get_row
from core.evaluations.queries.figures import ENDED, FAILED, PASSED, SCORED
from core.evaluations.schemas import ResultStatus
from core.evaluations.views import (
    CaseFigures,
    CasePage,
    CaseRow,
    CaseView,
    EvaluationRunView,
    RunExport,
)
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor

QUESTION_CHARS = 300
EXPORTED_AT_ONCE = 500  # cases


class CaseQuestion(NamedTuple):
    """A case in a list: its ID, the question and the tags."""

    id: UUID
    question: str
    tags: tuple[str, ...]


def list_cases(
    session: Session,
    evaluation_id: UUID,
    *,
    actor: Actor,
    limit: int = 50,
    offset: int = 0,
    tag: str | None = None,
) -> CasePage:
    """Return cases that have results, the worst first: by the lowest pass rate of a run, then by
    the lowest score.

    Raises EvaluationMissing.
    """
    require(actor, Permission.RUN_MODELS)
    get_row(session, evaluation_id, actor=actor)
    of_it = (EvaluationResult.evaluation_id == evaluation_id, EvaluationResult.status.in_(ENDED))
    ranked = (
        select(EvaluationResult.position, func.count().over())
        .where(*of_it)
        .group_by(EvaluationResult.position)
        .order_by(
            # Not a division of integers. Cases of which no run was scored come first
            func.coalesce(PASSED * 1.0 / func.nullif(SCORED, 0), -1),
            func.avg(EvaluationResult.score).nulls_first(),
            EvaluationResult.position,
        )
    )
    if tag is not None:
        tagged = select(EvaluationCase.position).where(
            EvaluationCase.evaluation_id == evaluation_id, any_(EvaluationCase.tags) == tag
        )
        # Read once, as a list: a join of rows without statistics reads the cases for each result
        ranked = ranked.where(
            EvaluationResult.position == any_(func.array(tagged.scalar_subquery()))
        )
    found = session.execute(ranked.limit(limit).offset(offset)).all()
    if not found and offset:  # a page behind the last one has no row that says how many there are
        total = session.scalar(select(func.count()).select_from(ranked.subquery())) or 0
        return CasePage(items=[], total_count=total, limit=limit, offset=offset)
    items = _rows(session, evaluation_id, [position for position, _ in found])
    total = found[0][1] if found else 0
    return CasePage(items=items, total_count=total, limit=limit, offset=offset)


def _rows(session: Session, evaluation_id: UUID, positions: list[int]) -> list[CaseRow]:
    shown = (
        EvaluationResult.evaluation_id == evaluation_id,
        EvaluationResult.position.in_(positions),
    )
    counted = (
        select(
            EvaluationResult.position,
            EvaluationResult.target,
            PASSED,
            SCORED,
            FAILED,
            func.avg(EvaluationResult.score),
        )
        .where(*shown)
        .group_by(EvaluationResult.position, EvaluationResult.target)
        .order_by(EvaluationResult.target)
    )
    figures: dict[int, list[CaseFigures]] = defaultdict(list)
    for position, target, passed, scored, failed, score in session.execute(counted):
        figures[position].append(
            CaseFigures(target=target, passed=passed, scored=scored, failed=failed, score=score)
        )
    cases = questions(session, evaluation_id, positions)
    return [
        CaseRow(
            id=cases[position].id,
            position=position,
            question=cases[position].question,
            tags=cases[position].tags,
            figures=tuple(figures[position]),
        )
        for position in positions
    ]


def read_cases(session: Session, evaluation_id: UUID) -> list[EvaluatedCase]:
    """Return the cases of an evaluation."""
    of_it = select(EvaluationCase).where(EvaluationCase.evaluation_id == evaluation_id)
    rows = session.scalars(of_it.order_by(EvaluationCase.position))
    return [encrypted_texts.case_of(row) for row in rows]


def questions(
    session: Session, evaluation_id: UUID, positions: Sequence[int]
) -> dict[int, CaseQuestion]:
    """Return the cases at these positions; long questions are cut."""
    shown = (EvaluationCase.evaluation_id == evaluation_id, EvaluationCase.position.in_(positions))
    found = session.scalars(select(EvaluationCase).where(*shown))
    return {
        row.position: CaseQuestion(
            row.id, encrypted_texts.case_of(row).question[:QUESTION_CHARS], tuple(row.tags)
        )
        for row in found
    }


def get_case(session: Session, evaluation_id: UUID, case_id: UUID, *, actor: Actor) -> CaseView:
    """Return a case with all its runs; raise EvaluationMissing or EvaluationCaseMissing."""
    require(actor, Permission.RUN_MODELS)
    get_row(session, evaluation_id, actor=actor)
    row = session.get(EvaluationCase, case_id)
    # Only the evaluation was checked against the actor, so the case has to be one of it
    if row is None or row.evaluation_id != evaluation_id:
        raise EvaluationCaseMissing
    case = encrypted_texts.case_of(row)
    of_case = (
        EvaluationResult.evaluation_id == evaluation_id,
        EvaluationResult.position == row.position,
    )
    runs = select(EvaluationResult).where(*of_case)
    ordered = runs.order_by(EvaluationResult.target, EvaluationResult.run)
    return CaseView(
        id=row.id,
        position=row.position,
        messages=case.messages,
        context=case.context,
        reference=case.reference,
        assertions=[scorer.model_dump(mode="json") for scorer in case.assertions],
        tags=tuple(row.tags),
        case_id=row.case_id,
        runs=[_run(each) for each in session.scalars(ordered)],
    )


def _run(row: EvaluationResult) -> EvaluationRunView:
    answer = encrypted_texts.answer_of(row)
    return EvaluationRunView(
        target=row.target,
        run=row.run,
        status=ResultStatus(row.status),
        earlier=tuple(it.text for it in encrypted_texts.earlier_of(row)),
        text=answer.text if answer else "",
        tool_calls=answer.tool_calls if answer else (),
        error=answer.error if answer else None,
        scores=encrypted_texts.scores_of(row),
        passed=row.passed,
        score=row.score,
        latency_ms=row.latency_ms,
        cost_usd=row.cost_usd,
        execution_id=row.execution_id,
        attempts=row.attempts,
    )


def export_after(
    session: Session, evaluation_id: UUID, position: int, *, actor: Actor
) -> tuple[list[RunExport], int | None]:
    """Return the ended runs of the next cases after a position, and the last position of these
    cases: None when there are no more.

    Only accounts that may export annotations are given the texts of cases with messages of users.
    Raises EvaluationMissing.
    """
    require(actor, Permission.RUN_MODELS)
    evaluation = get_row(session, evaluation_id, actor=actor)
    titles = [it.title for it in encrypted_texts.definition_of(evaluation).targets]
    of_it = (EvaluationCase.evaluation_id == evaluation_id, EvaluationCase.position > position)
    next_cases = select(EvaluationCase).where(*of_it).order_by(EvaluationCase.position)
    rows = list(session.scalars(next_cases.limit(EXPORTED_AT_ONCE)))
    if not rows:
        return [], None
    cases = {row.position: (encrypted_texts.case_of(row), tuple(row.tags)) for row in rows}
    of_cases = (
        EvaluationResult.evaluation_id == evaluation_id,
        EvaluationResult.position.in_(cases),
        EvaluationResult.status.in_(ENDED),
    )
    results = select(EvaluationResult).where(*of_cases)
    ordered = results.order_by(
        EvaluationResult.position, EvaluationResult.target, EvaluationResult.run
    )
    withheld = _withheld(session, evaluation, rows, actor)
    runs = [
        _without_texts(run) if run.position in withheld else run
        for run in _exports(session.scalars(ordered), cases, titles)
    ]
    return runs, rows[-1].position


def has_withheld_texts(session: Session, evaluation_id: UUID, *, actor: Actor) -> bool:
    """Whether the actor's exports of the runs lack texts of some; raise EvaluationMissing."""
    evaluation = get_row(session, evaluation_id, actor=actor)
    if _may_export_all(evaluation, actor):
        return False
    of_it = EvaluationCase.evaluation_id == evaluation_id
    rows = session.execute(select(EvaluationCase.position, EvaluationCase.case_id).where(of_it))
    return bool(_withheld(session, evaluation, rows.all(), actor))


def _withheld(
    session: Session,
    evaluation: EvaluationTest,
    rows: Sequence[EvaluationCase] | Sequence[Row[int, UUID | None]],
    actor: Actor,
) -> set[int]:
    """Return the positions of cases whose texts the actor may not export. Cases of a dataset that
    was removed are among them: where they came from is no longer known.
    """
    if evaluation.dataset_id is None or _may_export_all(evaluation, actor):
        return set()
    case_ids = [row.case_id for row in rows if row.case_id is not None]
    free = find_without_users(session, evaluation.dataset_id, case_ids)
    return {row.position for row in rows if row.case_id not in free}


def _may_export_all(evaluation: EvaluationTest, actor: Actor) -> bool:
    # Only cases of datasets can have messages of users
    return evaluation.dataset_id is None or may(actor, Permission.EXPORT_ANNOTATIONS)


def _without_texts(run: RunExport) -> RunExport:
    # Reasons and details quote the answer
    scores = [it.model_copy(update={"reason": "", "details": {}}) for it in run.scores]
    texts: dict[str, Any] = {"input": None, "output": None, "error": None}
    return run.model_copy(update=texts | {"scores": tuple(scores)})


def _exports(
    rows: Iterable[EvaluationResult],
    cases: dict[int, tuple[EvaluatedCase, tuple[str, ...]]],
    titles: list[str],
) -> Iterator[RunExport]:
    for row in rows:
        case, tags = cases[row.position]
        run = _run(row)
        yield RunExport(
            position=row.position,
            target=titles[row.target - 1],
            run=row.run,
            status=run.status,
            input=case.question,
            tags=tags,
            output=run.text,
            error=run.error,
            passed=run.passed,
            score=run.score,
            scores=run.scores,
            latency_ms=run.latency_ms,
            cost_usd=run.cost_usd,
            target_number=run.target,
        )
