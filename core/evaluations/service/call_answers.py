"""Store the answers of calls that have ended: of the last turn, or of one before it."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from core.evaluations import encrypted_texts
from core.evaluations.models import EvaluationResult
from core.evaluations.runs.work_items import ClaimedRun
from core.evaluations.schemas import ResultStatus
from core.executions.schemas import ExecutionStatus, ExecutionView
from core.scoring.schemas import ScoredAnswer, ScoredToolCall


def store(session: Session, run: ClaimedRun, view: ExecutionView) -> ScoredAnswer | None:
    """Store the answer of a call, whose cost is that of all turns; None when there is nothing to
    score: another turn is next, the call was cancelled, or the run is another worker's by now.
    """
    row = session.get(EvaluationResult, run.id, with_for_update=True)
    if row is None or row.execution_id != view.id or row.status != ResultStatus.RUNNING:
        return None
    if view.status is ExecutionStatus.CANCELLED:
        return None
    answer = _answer(view)
    row.cost_usd = _sum(it.cost_usd for it in (*run.earlier, answer))
    if answer.error is None and not run.is_last_turn:
        row.earlier = encrypted_texts.seal_earlier((*run.earlier, answer), row.id)
        row.execution_id = None
        return None
    answer = answer.model_copy(update={"cost_usd": row.cost_usd})
    row.answer = encrypted_texts.seal_answer(answer, row.id)
    row.latency_ms = answer.latency_ms
    return answer


def _answer(view: ExecutionView) -> ScoredAnswer:
    return ScoredAnswer(
        text=view.response,
        tool_calls=tuple(
            ScoredToolCall(name=tool.name, arguments=_arguments(tool.arguments))
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


def _arguments(text: str) -> dict[str, Any]:
    """Return a tool call's arguments; those that are no JSON object are empty."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
