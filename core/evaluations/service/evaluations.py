"""Start, stop, resume and remove evaluations, and score their answers again."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func as sql
from sqlalchemy import insert, literal, select, update
from sqlalchemy.orm import Session

from core import VERSION
from core.database.tables import table_of
from core.evaluations import encrypted_texts
from core.evaluations.cases.case_schemas import EvaluatedCase
from core.evaluations.cases.case_sources import cases_of
from core.evaluations.errors import (
    EvaluationEnded,
    EvaluationRunning,
    NothingFailed,
    TooManyResults,
)
from core.evaluations.models import (
    EvaluatedVersion,
    EvaluationCase,
    EvaluationResult,
    EvaluationTest,
)
from core.evaluations.queries.evaluations import get_row
from core.evaluations.runs import targets
from core.evaluations.schemas import (
    MOST_RESULTS,
    EvaluationDefinition,
    EvaluationManifest,
    EvaluationResume,
    EvaluationStatus,
    NewEvaluation,
    NewScoring,
    ResultStatus,
    RunTarget,
)
from core.evaluations.service import claims
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.jobs import queue
from core.platform import clock
from core.platform.config import config
from core.platform.ids import new_id
from core.statistics import bootstrap

TASK = "evaluations.work"
LOCK = "evaluations"  # they take turns, so that together they keep to the calls at once
cases_table, results_table = table_of(EvaluationCase), table_of(EvaluationResult)


def start(session: Session, new: NewEvaluation, *, actor: Actor) -> UUID:
    """Store an evaluation, and have the worker run it.

    Raises TooManyResults, EvaluationMissing (of the baseline), what resolving a target raises, and
    what its cases raise (case_sources.py).
    """
    require(actor, Permission.RUN_MODELS)
    cases, dataset_version = cases_of(session, new, actor=actor)
    if len(cases) * len(new.all_targets) * new.runs > MOST_RESULTS:
        raise TooManyResults
    if new.baseline_id is not None:
        get_row(session, new.baseline_id, owner=actor.id)
    definition = _definition(session, new, dataset_version, actor)
    digests = [encrypted_texts.digest_of(case) for case in cases]
    evaluation_id = new_id()
    row = EvaluationTest(
        id=evaluation_id,
        owner=actor.id,
        name=encrypted_texts.seal_name(new.name, evaluation_id),
        definition=encrypted_texts.seal_definition(definition, evaluation_id),
        dataset_id=new.dataset_id,
        dataset_version=dataset_version,
        questions=encrypted_texts.joined_digest(digests),
        baseline_id=new.baseline_id,
        status=EvaluationStatus.PENDING,
        runs=new.runs,
        cases=len(cases),
        targets=len(definition.targets),
        cost_limit_usd=new.cost_limit_usd,
        alive_at=clock.now(),
    )
    session.add(row)
    session.flush()
    _insert_versions(session, evaluation_id, definition.targets)
    _insert_cases(session, evaluation_id, cases, digests)
    _insert_runs(session, row)
    audit.record(session, "evaluation.start", actor, targets={"evaluation_id": str(row.id)})
    defer(session, row.id)
    return row.id


def _definition(
    session: Session, new: NewEvaluation, dataset_version: int | None, actor: Actor
) -> EvaluationDefinition:
    found = tuple(
        targets.resolve(session, target, new.parameters, actor=actor) for target in new.all_targets
    )
    manifest = EvaluationManifest(
        attune_version=VERSION,
        targets=tuple(targets.manifest_of(session, target) for target in found),
        bootstrap_seed=bootstrap.SEED,
        bootstrap_resamples=bootstrap.RESAMPLES,
        dataset_id=new.dataset_id,
        dataset_version=dataset_version,
        split=new.split if new.dataset_id else None,
        concurrency=config().max_concurrent_tests,
    )
    return EvaluationDefinition(
        targets=found, scorers=new.scorers, threshold=new.threshold, manifest=manifest
    )


def _insert_versions(session: Session, evaluation_id: UUID, found: Sequence[RunTarget]) -> None:
    """Insert what evaluations are found by, for each target."""
    names = ("prompt_id", "prompt_version", "bot_id", "bot_version")
    rows = [
        {"evaluation_id": evaluation_id, "target": number}
        | {name: getattr(target, name) for name in names}
        for number, target in enumerate(found, 1)
    ]
    session.execute(insert(table_of(EvaluatedVersion)), rows)


def _insert_cases(
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


def _insert_runs(session: Session, row: EvaluationTest) -> None:
    """Insert a row for each target, case and run, in one statement."""
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
            literal(ResultStatus.PENDING.value),
        )
        .select_from(cases_table)
        .join(target, literal(value=True))
        .join(run, literal(value=True))
        .where(cases_table.c.evaluation_id == row.id)
    )
    names = ["id", "evaluation_id", "position", "target", "run", "status"]
    session.execute(insert(results_table).from_select(names, rows))


def defer(session: Session, evaluation_id: UUID) -> None:
    """Have the worker go on with an evaluation."""
    queue.defer(session, TASK, lock=LOCK, evaluation_id=str(evaluation_id))


def cancel(session: Session, evaluation_id: UUID, *, actor: Actor) -> None:
    """Stop an evaluation that is going on; the results so far stay, and it can be resumed.

    Raises EvaluationMissing or EvaluationEnded.
    """
    require(actor, Permission.RUN_MODELS)
    row = get_row(session, evaluation_id, owner=actor.id, lock=True)
    if not EvaluationStatus(row.status).is_going_on:
        raise EvaluationEnded
    row.status, row.finished_at = EvaluationStatus.CANCELLED, clock.now()
    _record(session, "evaluation.cancel", row, actor)


def resume(
    session: Session, evaluation_id: UUID, wanted: EvaluationResume, *, actor: Actor
) -> None:
    """Go on with an evaluation that was cancelled or stopped; what has ended is not run again.

    Raises EvaluationMissing, EvaluationRunning or EvaluationEnded.
    """
    require(actor, Permission.RUN_MODELS)
    row = _idle_row(session, evaluation_id, actor)
    if not claims.count_open(session, row.id):
        raise EvaluationEnded
    row.cost_limit_usd = wanted.cost_limit_usd or row.cost_limit_usd
    _restart(session, row)
    _record(session, "evaluation.resume", row, actor)


def rerun_failed(session: Session, evaluation_id: UUID, *, actor: Actor) -> int:
    """Call again for the runs whose call has failed; return how many.

    Raises EvaluationMissing, EvaluationRunning or NothingFailed.
    """
    require(actor, Permission.RUN_MODELS)
    row = _idle_row(session, evaluation_id, actor)
    failed = (
        results_table.c.evaluation_id == row.id,
        results_table.c.status == ResultStatus.FAILED,
    )
    emptied = dict.fromkeys(
        ("answer", "scores", "checks", "passed", "score", "latency_ms", "cost_usd", "execution_id")
    )
    changed = session.execute(
        update(results_table)
        .where(*failed)
        .values(status=ResultStatus.PENDING, finished_at=None, **emptied)
        .returning(results_table.c.id)
    )
    count = len(changed.all())
    if not count:
        raise NothingFailed
    row.done, row.failed = row.done - count, row.failed - count
    _restart(session, row)
    _record(session, "evaluation.rerun", row, actor)
    return count


def rescore(session: Session, evaluation_id: UUID, wanted: NewScoring, *, actor: Actor) -> None:
    """Score the stored answers again, with other scorers or the same; no answer is generated.

    Raises EvaluationMissing or EvaluationRunning.
    """
    require(actor, Permission.RUN_MODELS)
    row = _idle_row(session, evaluation_id, actor)
    definition = encrypted_texts.definition_of(row)
    changed = {
        name: value
        for name in wanted.model_fields_set
        if (value := getattr(wanted, name)) is not None
    }
    row.definition = encrypted_texts.seal_definition(definition.model_copy(update=changed), row.id)
    scored = (
        results_table.c.evaluation_id == row.id,
        results_table.c.status == ResultStatus.COMPLETED,
    )
    reset = update(results_table).where(*scored).values(status=ResultStatus.ANSWERED)
    row.done -= len(session.execute(reset.returning(results_table.c.id)).all())
    _restart(session, row)
    _record(session, "evaluation.rescore", row, actor)


def _idle_row(session: Session, evaluation_id: UUID, actor: Actor) -> EvaluationTest:
    row = get_row(session, evaluation_id, owner=actor.id, lock=True)
    if EvaluationStatus(row.status).is_going_on:
        raise EvaluationRunning
    return row


def _restart(session: Session, row: EvaluationTest) -> None:
    claims.release_runs(session, row.id)
    row.status, row.error, row.finished_at = EvaluationStatus.PENDING, None, None
    row.worker, row.alive_at = None, clock.now()
    session.flush()
    defer(session, row.id)


def remove(session: Session, evaluation_id: UUID, *, actor: Actor) -> None:
    """Remove an evaluation with its results; raise EvaluationMissing or EvaluationRunning."""
    require(actor, Permission.RUN_MODELS)
    row = _idle_row(session, evaluation_id, actor)
    _record(session, "evaluation.delete", row, actor)
    session.delete(row)


def _record(session: Session, action: str, row: EvaluationTest, actor: Actor) -> None:
    audit.record(session, action, actor, targets={"evaluation_id": str(row.id)})
