"""Store the answers of own apps; the worker scores them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.evaluations import encrypted_texts
from core.evaluations.app_schemas import AnswersReport, AppAnswer, AppAnswers, RejectedAnswer
from core.evaluations.errors import AnswersRefused
from core.evaluations.models import EvaluationResult, EvaluationTest
from core.evaluations.queries.evaluations import get_row
from core.evaluations.schemas import EvaluationStatus, ResultStatus
from core.evaluations.service import evaluations
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.scoring.schemas import ScoredAnswer, ScoredToolCall

UNKNOWN = "This evaluation has no run of an app with this ID."


def store(
    session: Session, evaluation_id: UUID, sent: AppAnswers, *, actor: Actor
) -> AnswersReport:
    """Store answers of runs that wait for them, and have them scored; the first of a run stays.

    Raises EvaluationMissing, or AnswersRefused when the evaluation has stopped before.
    """
    require(actor, Permission.RUN_MODELS)
    row = get_row(session, evaluation_id, actor=actor, lock=True)
    runs = _runs_of_apps(session, row, [each.id for each in sent.answers])
    rejected, accepted = list[RejectedAnswer](), 0
    for index, answer in enumerate(sent.answers):
        run = runs.get(answer.id)
        if run is None:
            rejected.append(RejectedAnswer(index=index, error=UNKNOWN))
        elif run.status == ResultStatus.WAITING:
            _answer(run, answer)
            accepted += 1
    if accepted:
        # Duplicates alone are accepted after the end, so that an app may send a request again
        if not EvaluationStatus(row.status).is_going_on:
            raise AnswersRefused
        row.waiting -= accepted
        if row.worker is None:  # else that of its worker counts
            row.alive_at = clock.now()
        session.flush()
        evaluations.defer(session, row.id)
    duplicates = len(sent.answers) - accepted - len(rejected)
    return AnswersReport(accepted=accepted, duplicates=duplicates, rejected=tuple(rejected))


def _runs_of_apps(
    session: Session, row: EvaluationTest, ids: list[UUID]
) -> dict[UUID, EvaluationResult]:
    named = select(EvaluationResult).where(
        EvaluationResult.evaluation_id == row.id,
        EvaluationResult.id.in_(ids),
        EvaluationResult.target.in_(encrypted_texts.definition_of(row).app_targets),
    )
    # Locked by the row of the evaluation: the worker leaves those that wait alone
    return {run.id: run for run in session.scalars(named)}


def _answer(run: EvaluationResult, sent: AppAnswer) -> None:
    answer = ScoredAnswer(
        text=sent.text,
        tool_calls=tuple(
            ScoredToolCall(name=call.name, arguments=call.arguments) for call in sent.tool_calls
        ),
        latency_ms=sent.latency_ms,
        cost_usd=sent.cost_usd,
        error=sent.error or None,
    )
    run.status, run.attempts = ResultStatus.ANSWERED, run.attempts + 1
    run.answer = encrypted_texts.seal_answer(answer, run.id)
    run.latency_ms, run.cost_usd = answer.latency_ms, answer.cost_usd
