"""Prompts with a gated label, set and moved through the product's services."""

from typing import Any
from uuid import UUID

from core.database.db import transaction
from core.evaluations.service import evaluations
from core.evaluations.views import EvaluationView
from core.identity.schemas import Actor
from core.promotions import queries, service
from core.promotions.schemas import GateCheck, GateView, NewGate, NewLabelMove, NewRollback
from core.prompts.views import PromptView
from tests.factories.datasets import dataset, question
from tests.factories.evaluations import read, run

WORD = "refund"
PASSING, FAILING = "Offer a refund.", "Be kind."  # system prompts, which the fake repeats
CONTAINS = {"kind": "contains", "values": [WORD]}
REASON = "Answers are wrong in production"


def shared_dataset(actor: Actor, cases: int = 1, **more: Any) -> UUID:  # noqa: ANN401  its fields
    """Create a shared dataset whose cases pass when the answer has the word."""
    given = [question(f"Question {number}", assertions=[CONTAINS]) for number in range(cases)]
    return dataset(actor, *given, **{"visibility": "shared", **more}).id


def gate(
    actor: Actor,
    prompt_id: UUID,
    dataset_id: UUID,
    label: str = "production",
    **terms: Any,  # noqa: ANN401
) -> GateView:
    """Give a label a gate."""
    new = NewGate.model_validate({"dataset_id": dataset_id, "least_rate": 0.9, **terms})
    with transaction() as session:
        return service.set_gate(session, prompt_id, label, new, actor=actor)


def check(actor: Actor, prompt_id: UUID, version: int, label: str = "production") -> GateCheck:
    """Return what a gate says of a version."""
    with transaction() as session:
        return queries.check_version(session, prompt_id, label, version, actor=actor).check


def passed_through(actor: Actor, prompt_id: UUID, version: int, **changes: Any) -> EvaluationView:  # noqa: ANN401
    """Run the evaluation that the gate asks for, changed or not."""
    with transaction() as session:
        wanted = queries.check_version(session, prompt_id, "production", version, actor=actor)
        assert wanted.to_run is not None
        new = type(wanted.to_run).model_validate(wanted.to_run.model_dump() | changes)
        evaluation_id = evaluations.start(session, new, actor=actor)
    run(evaluation_id)
    return read(actor, evaluation_id)


def move(
    actor: Actor, prompt_id: UUID, version: int, label: str = "production", **more: object
) -> PromptView:
    """Move a label as people do: through its gate."""
    to = NewLabelMove.model_validate({"name": label, "version": version, **more})
    with transaction() as session:
        return service.move_label(session, prompt_id, to, actor=actor)


def back(actor: Actor, prompt_id: UUID, reason: str | None = None) -> PromptView:
    """Roll `production` back."""
    rollback = NewRollback(reason=reason)
    with transaction() as session:
        return service.roll_back(session, prompt_id, "production", rollback, actor=actor)
