"""Store the answers of calls that have ended: of the last turn, or of one before it."""

from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.database.tables import table_of
from core.evaluations import encrypted_texts
from core.evaluations.models import EvaluationResult, EvaluationTest
from core.evaluations.runs.work_items import ClaimedRun
from core.evaluations.schemas import ResultStatus
from core.executions.schemas import ExecutionStatus, ExecutionView
from core.scoring.schemas import ScoredAnswer, ScoredToolCall
from core.scoring.tool_arguments import arguments_of

results_table, tests_table = table_of(EvaluationResult), table_of(EvaluationTest)


def store(session: Session, run: ClaimedRun, view: ExecutionView) -> ScoredAnswer | None:
    """Store the answer of a call, whose cost is that of all turns; None when there is nothing to
    score: another turn is next, the call was cancelled, or the run is another worker's by now.
    """
    if view.status is ExecutionStatus.CANCELLED:
        _count_cancelled(session, run, view.usage.estimated_cost or Decimal(0))
        return None
    answer = _answer(view)
    cost = _sum(it.cost_usd for it in (*run.earlier, answer))
    mine = update(results_table).where(
        results_table.c.id == run.id,
        results_table.c.execution_id == view.id,
        results_table.c.status == ResultStatus.RUNNING,
    )
    if answer.error is None and not run.is_last_turn:
        earlier = encrypted_texts.seal_earlier((*run.earlier, answer), run.id)
        # The next turn is another call; a service's would else be taken for this one
        session.execute(mine.values(cost_usd=cost, earlier=earlier, execution_id=None))
        return None
    answer = answer.model_copy(update={"cost_usd": cost})
    stored = mine.values(
        cost_usd=cost,
        answer=encrypted_texts.seal_answer(answer, run.id),
        latency_ms=answer.latency_ms,
    )
    found = session.execute(stored.returning(results_table.c.id)).first()
    return None if found is None else answer


def _count_cancelled(session: Session, run: ClaimedRun, cost: Decimal) -> None:
    """Count what a call has cost that was cancelled or took too long: its run, which may have ended
    before, has no answer to count it by.
    """
    of_run = select(results_table.c.evaluation_id).where(results_table.c.id == run.id)
    evaluation = update(tests_table).where(tests_table.c.id == of_run.scalar_subquery())
    session.execute(evaluation.values(spent_usd=tests_table.c.spent_usd + cost))


def _answer(view: ExecutionView) -> ScoredAnswer:
    return ScoredAnswer(
        text=view.response,
        tool_calls=tuple(
            ScoredToolCall(name=tool.name, arguments=arguments_of(tool.arguments))
            for tool in view.tool_executions
        ),
        latency_ms=view.execution_time_ms,
        cost_usd=view.usage.estimated_cost,
        error=view.error.detail if view.error else None,
    )


def _sum(costs: Iterable[Decimal | None]) -> Decimal | None:
    """Return what calls cost together, None when one is unpriced."""
    total = Decimal(0)
    for cost in costs:
        if cost is None:
            return None
        total += cost
    return total
