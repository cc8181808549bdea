"""Take runs of an evaluation and settle them. A run is claimed before its call, its answer is
stored in the transaction that ends the call, and its scores after that: what is killed in between
loses calls whose answer had not come, and pays for no answer twice.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from core.errors import Failure, LimitReached
from core.evaluations import encrypted_texts
from core.evaluations.errors import BudgetSpent
from core.evaluations.models import EvaluationCase, EvaluationResult, EvaluationTest
from core.evaluations.runs import targets
from core.evaluations.runs.work_items import ClaimedRun, EndedRun, TakenEvaluation
from core.evaluations.schemas import EvaluationStatus, ResultStatus
from core.executions import queries as executions
from core.executions.schemas import ExecutionStatus
from core.executions.service import executions as calls
from core.executions.service import service_calls
from core.identity.queries import actor_of, find_account
from core.identity.schemas import Actor, Caller
from core.identity.service import api_keys
from core.platform import clock
from core.scoring.schemas import ScoredAnswer
from core.services import dispatch

LOST_AFTER = timedelta(seconds=20)  # without a sign of life of its worker
INACTIVE = "The account or API key that started this evaluation is not active any more."
OPEN = (ResultStatus.PENDING, ResultStatus.ANSWERED)


def take(session: Session, evaluation_id: UUID, worker: UUID) -> TakenEvaluation | None:
    """Take an evaluation that no living worker has, with the runs that were lost with the last one;
    None when there is nothing to do. One of an account or key that is not active ends.
    """
    row = session.get(EvaluationTest, evaluation_id, with_for_update=True)
    if row is None or not EvaluationStatus(row.status).is_going_on:
        return None
    if row.worker is not None and row.alive_at > clock.now() - LOST_AFTER:
        return None
    actor = _actor_of(session, row)
    if actor is None:
        row.status, row.finished_at = EvaluationStatus.FAILED, clock.now()
        row.error = encrypted_texts.seal_error(INACTIVE, row.id)
        return None
    release_runs(session, evaluation_id)
    row.worker, row.alive_at = worker, clock.now()
    row.status, row.started_at = EvaluationStatus.RUNNING, row.started_at or clock.now()
    return TakenEvaluation(row.id, worker, encrypted_texts.definition_of(row), actor)


def _actor_of(session: Session, row: EvaluationTest) -> Actor | None:
    """Return the account or key that started an evaluation, None for one that is not active."""
    if row.key_id is not None:
        return api_keys.find_actor(session, row.key_id, Caller())
    account = find_account(session, row.owner) if row.owner else None
    return actor_of(account, Caller()) if account and account.is_active else None


def release_runs(session: Session, evaluation_id: UUID) -> None:
    """Give back the claimed runs; those with an answer keep it."""
    claimed = update(EvaluationResult).where(
        EvaluationResult.evaluation_id == evaluation_id,
        EvaluationResult.status == ResultStatus.RUNNING,
    )
    has_answer = EvaluationResult.answer.is_not(None)
    session.execute(claimed.where(has_answer).values(status=ResultStatus.ANSWERED, worker=None))
    session.execute(claimed.where(~has_answer).values(status=ResultStatus.PENDING, worker=None))


def keep_alive(session: Session, taken: TakenEvaluation) -> bool:
    """Record that the worker is alive; return whether the evaluation is still its own to run."""
    alive = update(EvaluationTest).where(
        EvaluationTest.id == taken.id,
        EvaluationTest.worker == taken.worker,
        EvaluationTest.status == EvaluationStatus.RUNNING,
    )
    changed = session.execute(alive.values(alive_at=clock.now()).returning(EvaluationTest.id))
    return changed.first() is not None


def claim(session: Session, taken: TakenEvaluation, *, at_once: int) -> ClaimedRun | None:
    """Claim the next run, and begin its call; None when there is none, or no longer for this
    worker.

    Raises BudgetSpent, and QuotaExceeded; other failures of a call to begin are its own.
    """
    mine = (
        EvaluationTest.id == taken.id,
        EvaluationTest.worker == taken.worker,
        EvaluationTest.status == EvaluationStatus.RUNNING,
    )
    budget = (EvaluationTest.spent_usd, EvaluationTest.done, EvaluationTest.cost_limit_usd)
    spent = session.execute(select(*budget).where(*mine)).one_or_none()
    if spent is None:
        return None
    row = session.scalar(
        select(EvaluationResult)
        .where(EvaluationResult.evaluation_id == taken.id, EvaluationResult.status.in_(OPEN))
        .order_by(EvaluationResult.position, EvaluationResult.run, EvaluationResult.target)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    _check_budget(*spent, at_once)
    of_case = (EvaluationCase.evaluation_id == taken.id, EvaluationCase.position == row.position)
    case = encrypted_texts.case_of(session.scalars(select(EvaluationCase).where(*of_case)).one())
    row.status, row.worker = ResultStatus.RUNNING, taken.worker
    target = taken.definition.targets[row.target - 1]
    answer = encrypted_texts.answer_of(row)
    if answer is not None and target.app is not None:  # it has answered all turns by itself
        return ClaimedRun(row.id, case, answer=answer)
    earlier = encrypted_texts.earlier_of(row)
    asked = case.with_answers([each.text for each in earlier])
    run = ClaimedRun(row.id, asked, earlier, is_last_turn=len(earlier) + 1 == case.turns)
    if answer is not None:
        return replace(run, answer=answer)
    if target.service_id is not None and (found := _answered_before(session, row)) is not None:
        return replace(run, execution_id=found)
    try:
        with session.begin_nested():
            return _begin(session, taken, row, run)
    except LimitReached:
        raise
    except Failure as failure:
        return replace(run, answer=ScoredAnswer(error=failure.detail))


def _begin(
    session: Session, taken: TakenEvaluation, row: EvaluationResult, run: ClaimedRun
) -> ClaimedRun:
    target = taken.definition.targets[row.target - 1]
    new_execution = targets.execution_of(
        session, target, run.case, run=row.run, evaluation_id=taken.id, actor=taken.actor
    )
    row.attempts += 1
    if target.service_id is not None:
        row.execution_id = service_calls.begin(
            session, new_execution, target.service_id, actor=taken.actor
        )
        dispatch.begin(session, row.execution_id, {})
        return replace(run, execution_id=row.execution_id)
    execution = calls.begin(session, new_execution, instance=taken.worker, actor=taken.actor)
    row.execution_id = execution.id
    return replace(run, execution_id=execution.id, execution=execution)


def _answered_before(session: Session, row: EvaluationResult) -> UUID | None:
    """Return the call of a service that was begun before a kill: it may still answer."""
    if row.execution_id is None:
        return None
    found = executions.find_progress(session, row.execution_id)
    waits = (ExecutionStatus.PENDING, ExecutionStatus.COMPLETED)
    return row.execution_id if found is not None and found.status in waits else None


def _check_budget(spent_usd: Decimal, done: int, limit_usd: Decimal | None, at_once: int) -> None:
    """Raise BudgetSpent when what is spent, with the calls in progress at the mean cost so far,
    reaches the limit.
    """
    if limit_usd is None:
        return
    mean = spent_usd / done if done else Decimal(0)
    if spent_usd + mean * (at_once - 1) >= limit_usd:
        raise BudgetSpent


def settle(session: Session, taken: TakenEvaluation, ended: EndedRun) -> None:
    """Store the scores of a run, or its failure, and count it; without an answer, give it back."""
    row = session.get(EvaluationResult, ended.id, with_for_update=True)
    if row is None or row.worker != taken.worker or row.status != ResultStatus.RUNNING:
        return
    row.worker = None
    if ended.answer is None:
        row.status = ResultStatus.PENDING
        return
    is_failed = ended.answer.error is not None
    row.status = ResultStatus.FAILED if is_failed else ResultStatus.COMPLETED
    row.finished_at = clock.now()
    if row.answer is None:
        row.answer = encrypted_texts.seal_answer(ended.answer, row.id)
    cost = row.cost_usd if row.scores is None and row.checks is None else Decimal(0)
    if (scored := ended.scored) is not None:
        row.scores = encrypted_texts.seal_scores(scored.scores, row.id)
        row.checks, row.passed, row.score = scored.checks, scored.passed, scored.score
        row.scoring_usd = scored.scoring_usd
        cost = (cost or Decimal(0)) + (scored.scoring_usd or Decimal(0))
    counted = {
        "done": EvaluationTest.done + 1,
        "failed": EvaluationTest.failed + int(is_failed),
        "spent_usd": EvaluationTest.spent_usd + (cost or Decimal(0)),
        "unpriced": EvaluationTest.unpriced + int(row.cost_usd is None and not is_failed),
    }
    session.execute(update(EvaluationTest).where(EvaluationTest.id == taken.id).values(counted))


def count_open(session: Session, evaluation_id: UUID) -> int:
    """Return how many runs have not ended."""
    return session.scalar(_open_runs(evaluation_id)) or 0


def has_work(session: Session, evaluation_id: UUID) -> bool:
    """Whether a run has not ended, besides those that wait for the answer of an app."""
    waits = EvaluationResult.status == ResultStatus.WAITING
    return bool(session.scalar(_open_runs(evaluation_id).where(~waits)))


def _open_runs(evaluation_id: UUID) -> Select[int]:
    ended = (ResultStatus.COMPLETED, ResultStatus.FAILED)
    is_open = (
        EvaluationResult.evaluation_id == evaluation_id,
        EvaluationResult.status.not_in(ended),
    )
    return select(func.count()).select_from(EvaluationResult).where(*is_open)


def release(session: Session, taken: TakenEvaluation) -> None:
    """Give an evaluation back, so that another worker goes on with it."""
    release_runs(session, taken.id)
    mine = (EvaluationTest.id == taken.id, EvaluationTest.worker == taken.worker)
    session.execute(update(EvaluationTest).where(*mine).values(worker=None))


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
