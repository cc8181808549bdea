"""Take runs of an evaluation and settle them. A run is claimed before its call, its answer is
stored in the transaction that ends the call, and its scores after that: what is killed in between
loses calls whose answer had not come, and pays for no answer twice.
"""

from collections.abc import Collection
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from core.errors import Failure, LimitReached
from core.evaluations import encrypted_texts
from core.evaluations.cases.case_schemas import EvaluatedCase
from core.evaluations.models import EvaluationCase, EvaluationResult, EvaluationTest
from core.evaluations.queries import figures
from core.evaluations.runs import targets
from core.evaluations.runs.work_items import ClaimedRun, TakenEvaluation
from core.evaluations.schemas import EvaluationStatus, ResultStatus
from core.evaluations.service.budgets import Budget, unsettled_cost
from core.executions import queries as executions
from core.executions.schemas import ExecutionStatus, NewExecution
from core.executions.service import executions as calls
from core.executions.service import service_calls
from core.identity.permissions import Permission, may
from core.identity.queries import actor_of, find_account
from core.identity.schemas import Actor, Caller
from core.identity.service import api_keys
from core.jobs import outbox
from core.platform import clock
from core.quotas.queries import find_applying_cached
from core.scoring.schemas import ScoredAnswer
from core.services import dispatch

ENDED = "evaluations.ended"
LOST_AFTER = timedelta(seconds=20)  # without a sign of life of its worker
INACTIVE = (
    "The account or API key that started this evaluation is not active any more, or may not run "
    "models any more. Results so far are kept."
)
OPEN = (ResultStatus.PENDING, ResultStatus.ANSWERED)


def take(session: Session, evaluation_id: UUID, worker: UUID) -> TakenEvaluation | None:
    """Take an evaluation that no living worker has, with the runs that were lost with the last one;
    None when there is nothing to do. One of an account or key that may not run models now ends.
    """
    row = session.get(EvaluationTest, evaluation_id, with_for_update=True)
    if row is None or not EvaluationStatus(row.status).is_going_on:
        return None
    # Two workers on one evaluation would pay for each answer twice
    if row.worker is not None and row.alive_at > clock.now() - LOST_AFTER:
        return None
    actor = _actor_of(session, row)
    if actor is None:
        row.status, row.finished_at = EvaluationStatus.FAILED, clock.now()
        row.error = encrypted_texts.seal_error(INACTIVE, row.id)
        announce_end(session, row.id)
        return None
    release_runs(session, evaluation_id)
    row.worker, row.alive_at = worker, clock.now()
    row.status, row.started_at = EvaluationStatus.RUNNING, row.started_at or clock.now()
    return TakenEvaluation(row.id, worker, encrypted_texts.definition_of(row), actor)


def _actor_of(session: Session, row: EvaluationTest) -> Actor | None:
    """Return the account or key that started an evaluation, None for one that is not active or may
    not run models any more: each call would fail, as if the model had.
    """
    if row.key_id is not None:
        return api_keys.find_actor(session, row.key_id, Caller())
    account = find_account(session, row.owner) if row.owner else None
    actor = actor_of(account, Caller()) if account and account.is_active else None
    return actor if actor is not None and may(actor, Permission.RUN_MODELS) else None


def release_runs(session: Session, evaluation_id: UUID, *, worker: UUID | None = None) -> None:
    """Give back the claimed runs, of all workers or of one; those with an answer keep it. What
    calls have cost stays reserved until the run has ended.
    """
    claimed = update(EvaluationResult).where(
        EvaluationResult.evaluation_id == evaluation_id,
        EvaluationResult.status == ResultStatus.RUNNING,
        # A worker that was taken for dead must not give back runs that the next one pays for
        *([] if worker is None else [EvaluationResult.worker == worker]),
    )
    has_answer = EvaluationResult.answer.is_not(None)
    given_back = {"worker": None, "reserved_usd": unsettled_cost()}
    session.execute(claimed.where(has_answer).values(status=ResultStatus.ANSWERED, **given_back))
    session.execute(claimed.where(~has_answer).values(status=ResultStatus.PENDING, **given_back))


def keep_alive(session: Session, taken: TakenEvaluation) -> bool:
    """Record that the worker is alive, and with it the calls that wait for a thread; return whether
    the evaluation is still its own to run.
    """
    alive = update(EvaluationTest).where(
        EvaluationTest.id == taken.id,
        EvaluationTest.worker == taken.worker,
        EvaluationTest.status == EvaluationStatus.RUNNING,
    )
    changed = session.execute(alive.values(alive_at=clock.now()).returning(EvaluationTest.id))
    is_own = changed.first() is not None
    if is_own:
        calls.record_all_alive(session, taken.worker)
    return is_own


def claim(session: Session, taken: TakenEvaluation, *, most: int) -> list[ClaimedRun]:
    """Claim up to `most` next runs, and begin their calls; none when there is none, when those in
    progress have to settle first, or when the evaluation is no longer this worker's.

    Raises BudgetSpent, and QuotaExceeded; other failures of a call to begin are its own.
    """
    mine = (
        EvaluationTest.id == taken.id,
        EvaluationTest.worker == taken.worker,
        EvaluationTest.status == EvaluationStatus.RUNNING,
    )
    limit = session.execute(select(EvaluationTest.cost_limit_usd).where(*mine)).one_or_none()
    if limit is None:
        return []
    rows = session.scalars(
        select(EvaluationResult)
        .where(EvaluationResult.evaluation_id == taken.id, EvaluationResult.status.in_(OPEN))
        .order_by(EvaluationResult.position, EvaluationResult.run, EvaluationResult.target)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    cases = _cases(session, taken.id, {row.position for row in rows})
    budget = None if limit[0] is None else Budget(session, taken, limit[0])
    claimed = list[ClaimedRun]()
    for row in rows:
        try:
            run = _claim(session, taken, row, cases[row.position], budget)
        except LimitReached:
            if claimed:  # the next claim says so
                break
            raise
        if run is None:
            break
        row.status, row.worker = ResultStatus.RUNNING, taken.worker
        claimed.append(run)
    return claimed


def _cases(
    session: Session, evaluation_id: UUID, positions: Collection[int]
) -> dict[int, EvaluatedCase]:
    if not positions:
        return {}
    of_runs = (
        EvaluationCase.evaluation_id == evaluation_id,
        EvaluationCase.position.in_(positions),
    )
    rows = session.scalars(select(EvaluationCase).where(*of_runs))
    return {row.position: encrypted_texts.case_of(row) for row in rows}


def _claim(
    session: Session,
    taken: TakenEvaluation,
    row: EvaluationResult,
    case: EvaluatedCase,
    budget: Budget | None,
) -> ClaimedRun | None:
    """Claim a run; None when it does not fit into the cost limit before others have settled."""
    target = taken.definition.targets[row.target - 1]
    answer = encrypted_texts.answer_of(row)
    earlier: tuple[ScoredAnswer, ...] = ()
    asked, is_last_turn = case, True
    if target.app is None:  # an app answers all turns by itself
        earlier = encrypted_texts.earlier_of(row)
        asked = case.with_answers([each.text for each in earlier])
        is_last_turn = len(earlier) + 1 == case.turns
    run = ClaimedRun(row.id, asked, earlier, is_last_turn=is_last_turn, answer=answer)
    try:
        call = None
        if answer is None:
            if target.service_id is not None and (found := _answered_before(session, row)):
                return replace(run, execution_id=found)
            call = targets.execution_of(
                session, target, asked, run=row.run, evaluation_id=taken.id, actor=taken.actor
            )
        if budget is not None:
            planned = budget.plan(
                row,
                case,
                call,
                answer=None if answer is None else answer.text,
                is_last_turn=is_last_turn,
            )
            if not budget.reserve(row, planned):
                return None
            run = replace(
                run,
                judge_limit_usd=planned.judge_usd,
                embedding_limit_usd=planned.embedding_usd,
            )
            call = call and planned.limited(call)
        return run if call is None else _begin(session, taken, row, run, call)
    except LimitReached:
        raise
    except Failure as failure:
        return replace(run, answer=ScoredAnswer(error=failure.detail))


def _begin(
    session: Session,
    taken: TakenEvaluation,
    row: EvaluationResult,
    run: ClaimedRun,
    call: NewExecution,
) -> ClaimedRun:
    service_id = taken.definition.targets[row.target - 1].service_id
    if service_id is not None:
        with session.begin_nested():
            execution_id = service_calls.begin(session, call, service_id, actor=taken.actor)
            dispatch.begin(session, execution_id, {})
        begun = replace(run, execution_id=execution_id)
    else:
        # What quotas refuse leaves nothing; without any, nothing fails once a row is stored
        with (
            session.begin_nested() if find_applying_cached(session, taken.actor) else nullcontext()
        ):
            execution = calls.begin(session, call, instance=taken.worker, actor=taken.actor)
        begun = replace(run, execution_id=execution.id, execution=execution)
    row.execution_id = begun.execution_id
    row.attempts += 1
    return begun


def _answered_before(session: Session, row: EvaluationResult) -> UUID | None:
    """Return a service's call that was begun before a kill, or answered late."""
    if row.execution_id is None:
        return None
    found = executions.find_progress(session, row.execution_id)
    waits = (ExecutionStatus.PENDING, ExecutionStatus.COMPLETED)
    return row.execution_id if found is not None and found.status in waits else None


def count_open(session: Session, evaluation_id: UUID) -> int:
    """Return how many runs have not ended."""
    return session.scalar(_open_runs(evaluation_id)) or 0


def has_work(session: Session, evaluation_id: UUID) -> bool:
    """Whether a run has not ended, besides those that wait for the answer of an app."""
    waits = EvaluationResult.status == ResultStatus.WAITING
    return bool(session.scalar(_open_runs(evaluation_id).where(~waits)))


def _open_runs(evaluation_id: UUID) -> Select[int]:
    is_open = (
        EvaluationResult.evaluation_id == evaluation_id,
        EvaluationResult.status.not_in(figures.ENDED),
    )
    return select(func.count()).select_from(EvaluationResult).where(*is_open)


def release(session: Session, taken: TakenEvaluation) -> None:
    """Give an evaluation back, so that another worker goes on with it."""
    mine = (EvaluationTest.id == taken.id, EvaluationTest.worker == taken.worker)
    released = update(EvaluationTest).where(*mine).values(worker=None)
    # Before its runs, as who resumes it has it: the two would wait for each other
    status = session.scalar(released.returning(EvaluationTest.status))
    # A worker that was taken for dead leaves alone what another one has claimed since
    release_runs(session, taken.id, worker=taken.worker)
    if status == EvaluationStatus.CANCELLED:  # calls in progress have ended since
        announce_end(session, taken.id)


def end(
    session: Session,
    taken: TakenEvaluation,
    status: EvaluationStatus,
    *,
    error: str | None = None,
) -> None:
    """End an evaluation, unless it was cancelled or is another worker's by now."""
    row = session.get(EvaluationTest, taken.id, with_for_update=True)
    if row is None or row.worker != taken.worker:
        return
    release_runs(session, taken.id)
    row.worker = None
    if row.status == EvaluationStatus.RUNNING:
        row.status, row.finished_at = status, clock.now()
        row.error = encrypted_texts.seal_error(error, row.id)
    announce_end(session, row.id)


def announce_end(session: Session, evaluation_id: UUID) -> None:
    """Tell other features that nothing of an evaluation is being run now."""
    outbox.add(session, ENDED, {"ids": [str(evaluation_id)]})
