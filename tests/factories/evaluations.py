"""Evaluations, started and run through the product's services, as the worker runs them."""

import time
from datetime import timedelta
from itertools import zip_longest
from typing import Any
from uuid import UUID

from sqlalchemy import update

from core.database.db import transaction
from core.evaluations import runner
from core.evaluations.app_schemas import AppAnswers
from core.evaluations.models import EvaluationTest
from core.evaluations.queries import app_work, reports
from core.evaluations.schemas import NewEvaluation
from core.evaluations.service import app_answers, evaluations
from core.evaluations.views import EvaluationView
from core.identity.schemas import Actor

CONTAINS = {"kind": "contains", "values": ["good"]}


def answering(text: str, **more: object) -> str:
    """Return an input that the fake provider answers with this text."""
    rest = "".join(f', "{name}": {value}' for name, value in more.items())
    return f'#fake {{"text": "{text}"{rest}}}\nquestion'


def new(*inputs: str, **more: Any) -> NewEvaluation:  # noqa: ANN401  fields of any kind
    """Return an evaluation of the fake provider: answers with `good` pass."""
    given = {
        "name": "Refunds",
        "target": {"model_id": "fake:echo"},
        "scorers": [CONTAINS],
        "test_cases": [{"input": each} for each in inputs or (answering("good"),)],
    }
    if "targets" in more:
        del given["target"]
    return NewEvaluation.model_validate(given | more)


def started(actor: Actor, *inputs: str, **more: Any) -> UUID:  # noqa: ANN401  fields of any kind
    """Store an evaluation, and run nothing of it."""
    with transaction() as session:
        return evaluations.start(session, new(*inputs, **more), actor=actor)


def run(evaluation_id: UUID, *, slice_s: float = 30.0) -> None:
    """Run an evaluation as a job does."""
    runner.work(evaluation_id, may_go_on=lambda: True, slice_s=slice_s)


def read(actor: Actor, evaluation_id: UUID) -> EvaluationView:
    with transaction() as session:
        return reports.get_evaluation(session, evaluation_id, actor=actor)


def evaluated(actor: Actor, *inputs: str, **more: Any) -> EvaluationView:  # noqa: ANN401  fields of any kind
    """Run a whole evaluation, and return it."""
    evaluation_id = started(actor, *inputs, **more)
    run(evaluation_id)
    return read(actor, evaluation_id)


def app_answered(actor: Actor, evaluation_id: UUID, text: str, *costs: str) -> None:
    """Answer what waits for an own app, the first ones at these costs."""
    with transaction() as session:
        waiting = app_work.list_work(session, evaluation_id, actor=actor).items
        answers = [
            {"id": it.id, "text": text, "cost_usd": cost}
            for it, cost in zip_longest(waiting, costs)
        ]
        sent = AppAnswers.model_validate({"answers": answers})
        app_answers.store(session, evaluation_id, sent, actor=actor)


def silence() -> None:
    """Let a minute pass without a sign of life of a worker or an app."""
    with transaction() as session:
        session.execute(
            update(EvaluationTest).values(alive_at=EvaluationTest.alive_at - timedelta(minutes=1))
        )


def until(is_true: Any, patience_s: float = 60.0) -> None:  # noqa: ANN401  a function
    """Wait until something is true."""
    ends_at = time.monotonic() + patience_s
    while not is_true():
        assert time.monotonic() < ends_at, "it did not come true"
        time.sleep(0.01)
