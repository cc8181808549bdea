"""Read the runs that wait for the answers of own apps."""

from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from core.database.paging import CursorRefused
from core.evaluations import encrypted_texts
from core.evaluations.app_schemas import AppRun, AppWork
from core.evaluations.models import EvaluationCase, EvaluationResult
from core.evaluations.queries.evaluations import get_row
from core.evaluations.schemas import EvaluationStatus, ResultStatus
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor

MAX_PAGE_BYTES = 2 * 2**20  # of the cases on a page, which has one at least
MOST_PARTS = 3
LARGEST = 2**31  # the columns are integers: a larger number is an error of the database
ORDER = (EvaluationResult.position, EvaluationResult.run, EvaluationResult.target)


def list_work(
    session: Session,
    evaluation_id: UUID,
    *,
    actor: Actor,
    app: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> AppWork:
    """Return the runs that wait for an answer, of one app or of all.

    Raises EvaluationMissing or CursorRefused.
    """
    require(actor, Permission.RUN_MODELS)
    row = get_row(session, evaluation_id, actor=actor)
    status = EvaluationStatus(row.status)
    if not status.is_going_on:
        return AppWork(status=status, waiting=row.waiting, items=[])
    names = encrypted_texts.definition_of(row).app_targets
    numbers = [number for number, name in names.items() if app in (None, name)]
    waiting = (
        select(EvaluationResult, EvaluationCase)
        .join(
            EvaluationCase,
            (EvaluationCase.evaluation_id == EvaluationResult.evaluation_id)
            & (EvaluationCase.position == EvaluationResult.position),
        )
        .where(
            EvaluationResult.evaluation_id == evaluation_id,
            EvaluationResult.status == ResultStatus.WAITING,
            EvaluationResult.target.in_(numbers),
        )
    )
    if cursor is not None:
        waiting = waiting.where(tuple_(*ORDER) > _parts(cursor))
    # One more, which says whether a page follows
    found = session.execute(waiting.order_by(*ORDER).limit(limit + 1)).all()
    shown = _fitting([case for _, case in found[:limit]])
    items = [_run(run, case, names) for run, case in found[:shown]]
    last = found[shown - 1][0] if len(found) > shown else None
    return AppWork(
        status=status,
        waiting=row.waiting,
        items=items,
        next_cursor=f"{last.position}.{last.run}.{last.target}" if last else None,
    )


def _fitting(cases: list[EvaluationCase]) -> int:
    """Return how many of the first cases fit on a page."""
    size = 0
    for place, case in enumerate(cases):
        size += len(case.content)
        if size > MAX_PAGE_BYTES and place:
            return place
    return len(cases)


def _parts(cursor: str) -> tuple[int, ...]:
    parts = cursor.split(".")
    if len(parts) != MOST_PARTS or not all(it.isdecimal() and it.isascii() for it in parts):
        raise CursorRefused
    found = tuple(map(int, parts))
    if max(found) >= LARGEST:
        raise CursorRefused
    return found


def _run(run: EvaluationResult, row: EvaluationCase, names: dict[int, str]) -> AppRun:
    case = encrypted_texts.case_of(row)
    return AppRun(
        id=run.id,
        app=names[run.target],
        position=run.position,
        run=run.run,
        messages=case.messages,
        context=case.context,
        tags=case.tags,
    )
