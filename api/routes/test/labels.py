"""Routes of the labels of prompts, and of their gates."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel

from api.deps import ActorDep, SessionDep
from api.reference import CONFLICT
from core.database.paging import Items
from core.promotions import queries as gates
from core.promotions import service as promotions
from core.promotions.schemas import (
    GateCheck,
    GateView,
    MoveReason,
    NewGate,
    NewLabelMove,
    NewRollback,
)
from core.prompts.queries import labels as queries
from core.prompts.queries.prompts import get_prompt
from core.prompts.views import LabelMove, LabelView, PromptView

router = APIRouter(prefix="/templates/{template_id}/labels", tags=["Prompts"])

LabelName = Annotated[str, Path(max_length=64)]
Reason = Annotated[MoveReason | None, Query(description="Needed with a gate; it is kept.")]
NO_REASON = NewRollback()


class Labels(Items[LabelView]):
    """The labels of a prompt, their gates, and their moves, the newest first."""

    gates: list[GateView]
    history: list[LabelMove]


class CheckedGate(BaseModel):
    """The gate of a label, and what it says of the version that was asked for."""

    gate: GateView
    check: GateCheck | None = None


@router.get("")
def list_labels(template_id: UUID, session: SessionDep, actor: ActorDep) -> Labels:
    """List a prompt's labels with the versions they point at, their gates and their moves."""
    prompt = get_prompt(session, template_id, actor=actor)
    return Labels(
        items=prompt.labels,
        gates=gates.list_gates(session, prompt.id, actor=actor),
        history=queries.list_moves(session, prompt.id),
    )


@router.post("", responses=CONFLICT)
def move_label(
    template_id: UUID, to: NewLabelMove, session: SessionDep, actor: ActorDep
) -> PromptView:
    """Point a label at a version; the label is created when there is none.

    Where the label has a gate, the version must have passed it, or a reason is given: otherwise 409
    with `code` `gate_not_passed`, and `gate` with the verdict and the evaluation to run.
    """
    return promotions.move_label(session, template_id, to, actor=actor)


@router.post("/{name}/rollback", responses=CONFLICT)
def roll_back(
    template_id: UUID,
    name: LabelName,
    session: SessionDep,
    actor: ActorDep,
    rollback: Annotated[NewRollback, Body()] = NO_REASON,
) -> PromptView:
    """Point a label at the version where it was before; a second time goes further back.

    Where the label has a gate, a reason is needed, and no evaluation.
    """
    return promotions.roll_back(session, template_id, name, rollback, actor=actor)


@router.delete("/{name}", status_code=204, responses=CONFLICT)
def remove_label(
    template_id: UUID,
    name: LabelName,
    session: SessionDep,
    actor: ActorDep,
    reason: Reason = None,
) -> None:
    """Remove a label with its gate; its history stays."""
    promotions.remove_label(session, template_id, name, reason, actor=actor)


@router.get("/{name}/gate")
def gate(
    template_id: UUID,
    name: LabelName,
    session: SessionDep,
    actor: ActorDep,
    version: Annotated[int | None, Query(ge=1, le=999_999_999)] = None,
) -> CheckedGate:
    """Return the gate of a label, and what it says of a version."""
    found = gates.get_gate(session, template_id, name, actor=actor)
    if version is None:
        return CheckedGate(gate=found)
    checked = gates.check_version(session, template_id, name, version, actor=actor)
    return CheckedGate(gate=found, check=checked.check)


@router.put("/{name}/gate")
def set_gate(
    template_id: UUID, name: LabelName, new: NewGate, session: SessionDep, actor: ActorDep
) -> GateView:
    """Give a label a gate, which protects the label, or change its gate."""
    return promotions.set_gate(session, template_id, name, new, actor=actor)


@router.delete("/{name}/gate", status_code=204)
def remove_gate(
    template_id: UUID,
    name: LabelName,
    session: SessionDep,
    actor: ActorDep,
    reason: Reason = None,
) -> None:
    """Remove the gate of a label; the label stays protected."""
    promotions.remove_gate(session, template_id, name, reason, actor=actor)
