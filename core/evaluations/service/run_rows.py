"""The rows of an evaluation's cases and runs."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, insert, literal, select, update
from sqlalchemy import case as sql_case
from sqlalchemy import func as sql
from sqlalchemy.orm import Session

from core.database.tables import table_of
from core.evaluations import encrypted_texts
from core.evaluations.cases.case_schemas import EvaluatedCase
from core.evaluations.models import (
    EvaluatedVersion,
    EvaluationCase,
    EvaluationResult,
    EvaluationTest,
)
from core.evaluations.schemas import ResultStatus, RunTarget
from core.platform.ids import new_id

cases_table, results_table = table_of(EvaluationCase), table_of(EvaluationResult)
EMPTIED = ("earlier", "answer", "scores", "checks", "passed", "score", "latency_ms", "cost_usd")


def insert_versions(session: Session, evaluation_id: UUID, found: Sequence[RunTarget]) -> None:
    """Insert what evaluations are found by, for each target."""
    names = ("prompt_id", "prompt_version", "bot_id", "bot_version")
    rows = [
        {"evaluation_id": evaluation_id, "target": number}
        | {name: getattr(target, name) for name in names}
        for number, target in enumerate(found, 1)
    ]
    session.execute(insert(table_of(EvaluatedVersion)), rows)


def insert_cases(
    session: Session,
    evaluation_id: UUID,
    cases: Sequence[EvaluatedCase],
    digests: Sequence[bytes],
) -> None:
    rows = [
        {
            "id": (case_id := new_id()),
            "evaluation_id": evaluation_id,
            "position": position,
            "case_id": case.case_id,
            "digest": digest,
            "tags": list(case.tags),
            "content": encrypted_texts.seal_case(case, case_id),
        }
        for position, (case, digest) in enumerate(zip(cases, digests, strict=True), 1)
    ]
    session.execute(insert(cases_table), rows)


def insert_runs(session: Session, row: EvaluationTest, apps: Collection[int]) -> None:
    """Insert a row for each target, case and run, in one statement; those of apps wait."""
    target = (
        sql.generate_series(1, row.targets).table_valued("number", name="target").render_derived()
    )
    run = sql.generate_series(1, row.runs).table_valued("number", name="run").render_derived()
    rows = (
        select(
            sql.gen_random_uuid(),
            literal(row.id),
            cases_table.c.position,
            target.c.number,
            run.c.number,
            open_status(target.c.number, apps),
        )
        .select_from(cases_table)
        .join(target, literal(value=True))
        .join(run, literal(value=True))
        .where(cases_table.c.evaluation_id == row.id)
    )
    names = ["id", "evaluation_id", "position", "target", "run", "status"]
    session.execute(insert(results_table).from_select(names, rows))


def open_status(target: ColumnElement[int], apps: Collection[int]) -> ColumnElement[str]:
    """Return the status of a run to make: an app's waits for its answer."""
    waiting, pending = literal(ResultStatus.WAITING.value), literal(ResultStatus.PENDING.value)
    return sql_case((target.in_(apps), waiting), else_=pending)


def reopen_failed(session: Session, evaluation_id: UUID, apps: Collection[int]) -> Sequence[int]:
    """Empty the runs whose call has failed, to be made again; return the target of each.

    The call of a first turn stays: a service that was too late may have answered it by now.
    """
    first_call = sql_case((results_table.c.earlier.is_(None), results_table.c.execution_id))
    failed = (
        results_table.c.evaluation_id == evaluation_id,
        results_table.c.status == ResultStatus.FAILED,
    )
    reopened = (
        update(results_table)
        .where(*failed)
        .values(
            status=open_status(results_table.c.target, apps),
            finished_at=None,
            execution_id=first_call,
            **dict.fromkeys(EMPTIED),
        )
    )
    return session.scalars(reopened.returning(results_table.c.target)).all()


def reopen_scored(session: Session, evaluation_id: UUID) -> int:
    """Have the answers that were scored scored again; return how many."""
    scored = (
        results_table.c.evaluation_id == evaluation_id,
        results_table.c.status == ResultStatus.COMPLETED,
    )
    # The scores stay until then: by them, the cost of the call is not counted again
    reset = update(results_table).where(*scored).values(status=ResultStatus.ANSWERED)
    return len(session.execute(reset.returning(results_table.c.id)).all())
