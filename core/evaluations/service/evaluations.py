"""Start, stop, resume and remove evaluations, and score their answers again."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import VERSION
from core.evaluations import encrypted_texts
from core.evaluations.cases.case_sources import cases_of
from core.evaluations.errors import (
    CasesNotScored,
    EvaluationEnded,
    EvaluationRunning,
    EvaluationUnfinished,
    NothingFailed,
    TooManyResults,
)
from core.evaluations.models import EvaluationTest
from core.evaluations.queries.evaluations import get_row
from core.evaluations.queries.results import read_cases
from core.evaluations.runs import targets
from core.evaluations.schemas import (
    MOST_RESULTS,
    Continued,
    EvaluationDefinition,
    EvaluationManifest,
    EvaluationResume,
    EvaluationStatus,
    NewEvaluation,
    NewScoring,
)
from core.evaluations.service import claims, idempotency, run_rows
from core.evaluations.service.budgets import check_prices
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.jobs import queue
from core.platform import clock
from core.platform.config import config
from core.statistics import bootstrap

TASK = "evaluations.work"
LOCK = "evaluations"  # they take turns, so that together they keep to the calls at once


def start(session: Session, new: NewEvaluation, *, actor: Actor) -> UUID:
    """Store an evaluation, and have the worker run it; one with the same idempotency key is not
    started again.

    Raises TooManyResults, EvaluationMissing (of the baseline), IdempotencyKeyUsed, what resolving a
    target raises, what its cases raise (case_sources.py), and with a cost limit CostUnknown.
    """
    require(actor, Permission.RUN_MODELS)
    evaluation_id = idempotency.id_of(new, actor)
    if idempotency.is_started(session, evaluation_id, new):
        return evaluation_id
    cases, dataset_version = cases_of(session, new, actor=actor)
    if len(cases) * len(new.all_targets) * new.runs > MOST_RESULTS:
        raise TooManyResults
    if new.baseline_id is not None:
        get_row(session, new.baseline_id, actor=actor)
    definition = _definition(session, new, dataset_version, actor)
    if new.cost_limit_usd is not None:
        check_prices(session, definition, cases)
    digests = [encrypted_texts.digest_of(case) for case in cases]
    row = EvaluationTest(
        id=evaluation_id,
        owner=None if actor.is_program else actor.id,
        key_id=actor.id if actor.is_program else None,
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
        waiting=len(definition.app_targets) * len(cases) * new.runs,
        cost_limit_usd=new.cost_limit_usd,
        alive_at=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # the same key was sent twice at a time
        if idempotency.is_started(session, evaluation_id, new):
            return evaluation_id
        raise
    run_rows.insert_versions(session, evaluation_id, definition.targets)
    run_rows.insert_cases(session, evaluation_id, cases, digests)
    run_rows.insert_runs(session, row, definition.app_targets)
    _record(session, "evaluation.start", row, actor)
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
        targets=found,
        scorers=new.scorers,
        threshold=new.threshold,
        personality_judge_id=new.personality_judge_id,
        manifest=manifest,
        request=idempotency.digest_of(new),
    )


def defer(session: Session, evaluation_id: UUID) -> None:
    """Have the worker go on with an evaluation, unless a job for it waits already."""
    once = f"{TASK} {evaluation_id}"
    queue.defer(session, TASK, lock=LOCK, queueing_lock=once, evaluation_id=str(evaluation_id))


def cancel(session: Session, evaluation_id: UUID, *, actor: Actor) -> None:
    """Stop an evaluation that is going on; the results so far stay, and it can be resumed.

    Raises EvaluationMissing or EvaluationEnded.
    """
    require(actor, Permission.RUN_MODELS)
    row = get_row(session, evaluation_id, actor=actor, lock=True)
    if not EvaluationStatus(row.status).is_going_on:
        raise EvaluationEnded
    row.status, row.finished_at = EvaluationStatus.CANCELLED, clock.now()
    claims.announce_end(session, row.id)
    _record(session, "evaluation.cancel", row, actor)


def resume(
    session: Session, evaluation_id: UUID, wanted: EvaluationResume, *, actor: Actor
) -> None:
    """Go on with an evaluation that was cancelled or stopped; what has ended is not run again.

    Raises EvaluationMissing, EvaluationRunning, EvaluationEnded, and for a new limit CostUnknown.
    """
    require(actor, Permission.RUN_MODELS)
    row = _idle_row(session, evaluation_id, actor)
    if not claims.count_open(session, row.id):
        raise EvaluationEnded
    if wanted.cost_limit_usd is not None:
        _limit_cost(session, row, wanted.cost_limit_usd)
    _restart(session, row)
    _record(session, "evaluation.resume", row, actor)


def limit_cost(
    session: Session, evaluation_id: UUID, limit_usd: Decimal | None, *, actor: Actor
) -> None:
    """Change or remove the cost limit, also while calls are made; raise EvaluationMissing, and for
    a limit CostUnknown.
    """
    require(actor, Permission.RUN_MODELS)
    _limit_cost(session, get_row(session, evaluation_id, actor=actor, lock=True), limit_usd)


def _limit_cost(session: Session, row: EvaluationTest, limit_usd: Decimal | None) -> None:
    row.cost_limit_usd = limit_usd
    if limit_usd is not None:
        check_prices(session, encrypted_texts.definition_of(row), read_cases(session, row.id))


def rerun_failed(session: Session, evaluation_id: UUID, *, actor: Actor) -> int:
    """Call again for the runs whose call has failed, or wait for the app again; return how many.

    Raises EvaluationMissing, EvaluationRunning, EvaluationUnfinished or NothingFailed.
    """
    require(actor, Permission.RUN_MODELS)
    row = _complete_row(session, evaluation_id, actor)
    apps = encrypted_texts.definition_of(row).app_targets
    # What the failed calls have cost stays in `spent_usd`
    found = run_rows.reopen_failed(session, row.id, apps)
    if not (count := len(found)):
        raise NothingFailed
    row.done, row.failed = row.done - count, row.failed - count
    row.waiting += sum(target in apps for target in found)
    _restart(session, row)
    _record(session, "evaluation.rerun", row, actor)
    return count


def rescore(session: Session, evaluation_id: UUID, wanted: NewScoring, *, actor: Actor) -> None:
    """Score the stored answers again, with other scorers or the same; no answer is generated.

    Raises EvaluationMissing, EvaluationRunning, EvaluationUnfinished or CasesNotScored, and with
    a cost limit CostUnknown.
    """
    require(actor, Permission.RUN_MODELS)
    row = _complete_row(session, evaluation_id, actor)
    definition = encrypted_texts.definition_of(row)
    changed = {
        name: value
        for name in wanted.model_fields_set
        if (value := getattr(wanted, name)) is not None
    }
    definition = definition.model_copy(update=changed)
    is_limited = row.cost_limit_usd is not None
    cases = read_cases(session, row.id) if is_limited or not definition.scorers else []
    if not definition.scorers and not all(case.assertions for case in cases):
        raise CasesNotScored
    if is_limited:
        # No target is called again, so only judges need a price
        check_prices(session, definition.model_copy(update={"targets": ()}), cases)
    row.definition = encrypted_texts.seal_definition(definition, row.id)
    # Its figures are by number of scorer: they would stand for other scorers
    row.summary = None
    row.done -= run_rows.reopen_scored(session, row.id)
    _restart(session, row)
    _record(session, "evaluation.rescore", row, actor)


def _idle_row(session: Session, evaluation_id: UUID, actor: Actor) -> EvaluationTest:
    row = get_row(session, evaluation_id, actor=actor, lock=True)
    if EvaluationStatus(row.status).is_going_on:
        raise EvaluationRunning
    return row


def _complete_row(session: Session, evaluation_id: UUID, actor: Actor) -> EvaluationTest:
    row = _idle_row(session, evaluation_id, actor)
    if claims.count_open(session, row.id):  # it would be run, too
        raise EvaluationUnfinished
    return row


def _restart(session: Session, row: EvaluationTest) -> None:
    claims.release_runs(session, row.id)
    # What is left is estimated by what is done from now on: the pause took time and cost nothing,
    # and scoring again costs less than answering
    continued = Continued(at=clock.now(), done=row.done, spent_usd=row.spent_usd)
    definition = encrypted_texts.definition_of(row).model_copy(update={"continued": continued})
    row.definition = encrypted_texts.seal_definition(definition, row.id)
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
