"""Settle runs of an evaluation: their scores are stored, and what they have cost is counted."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.evaluations import encrypted_texts
from core.evaluations.models import EvaluationResult, EvaluationTest
from core.evaluations.runs.work_items import EndedRun, TakenEvaluation
from core.evaluations.schemas import ResultStatus
from core.evaluations.service.budgets import is_unsettled
from core.platform import clock


def settle(session: Session, taken: TakenEvaluation, ended: Sequence[EndedRun]) -> None:
    """Store the scores of runs, or their failures, and count them; those without an answer are
    given back.
    """
    if not ended:
        return
    # Before its runs, as who resumes it or scores again has it: the two would wait for each other
    session.execute(
        select(EvaluationTest.id)
        .where(EvaluationTest.id == taken.id)
        .with_for_update(key_share=True)
    )
    mine = (
        EvaluationResult.id.in_([each.id for each in ended]),
        EvaluationResult.worker == taken.worker,
        EvaluationResult.status == ResultStatus.RUNNING,
    )
    rows = {
        row.id: row
        for row in session.scalars(select(EvaluationResult).where(*mine).with_for_update())
    }
    counted = _Counts()
    for each in ended:
        if (row := rows.get(each.id)) is not None:
            _settle(row, each, counted)
    session.flush()
    if counted.done:
        session.execute(
            update(EvaluationTest).where(EvaluationTest.id == taken.id).values(counted.values())
        )


class _Counts:
    """What runs add to the counters of their evaluation."""

    def __init__(self) -> None:
        self.done = self.failed = self.unpriced = 0
        self.spent_usd = Decimal(0)

    def values(self) -> dict[str, object]:
        return {
            "done": EvaluationTest.done + self.done,
            "failed": EvaluationTest.failed + self.failed,
            "spent_usd": EvaluationTest.spent_usd + self.spent_usd,
            "unpriced": EvaluationTest.unpriced + self.unpriced,
        }


def _settle(row: EvaluationResult, ended: EndedRun, counted: _Counts) -> None:
    row.worker = None
    # The call of a run that is scored again was counted when it ended
    is_new = is_unsettled(row)
    cost = row.cost_usd if is_new else None
    if ended.answer is None:
        row.status, row.reserved_usd = ResultStatus.PENDING, cost
        return
    is_failed = ended.answer.error is not None
    row.status = ResultStatus.FAILED if is_failed else ResultStatus.COMPLETED
    row.finished_at, row.reserved_usd = clock.now(), None
    # The answer of a call was stored when the call ended
    if row.answer is None:
        row.answer = encrypted_texts.seal_answer(ended.answer, row.id)
    if (scored := ended.scored) is not None:
        row.scores = encrypted_texts.seal_scores(scored.scores, row.id)
        row.checks, row.passed, row.score = scored.checks, scored.passed, scored.score
        row.scoring_usd = scored.scoring_usd
        counted.spent_usd += sum((it.cost_usd or Decimal(0) for it in scored.scores), Decimal(0))
    counted.done += 1
    counted.failed += int(is_failed)
    counted.spent_usd += cost or Decimal(0)
    # One judge without a price leaves the cost of all judges of the run unknown
    is_judged_unpriced = scored is not None and scored.scoring_usd is None
    is_unpriced = (is_new and row.cost_usd is None) or is_judged_unpriced
    counted.unpriced += int(is_unpriced and not is_failed)
