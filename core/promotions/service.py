"""Set gates of labels, and move labels through them.

A label with a gate moves to a version that has passed it, or with a reason, which is kept. A
rollback needs a reason only, so that it works while no model answers. A gate is changed or removed,
and its label removed, with a reason too: these are ways around it.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from core.datasets.queries.datasets import checked_version, get_dataset
from core.datasets.schemas import DatasetVisibility
from core.evaluations.cases.case_sources import cases_of
from core.evaluations.models import EvaluatedVersion, EvaluationTest
from core.evaluations.schemas import EvaluationStatus, EvaluationTarget, NewEvaluation
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform import clock
from core.platform.ids import new_id
from core.promotions import encrypted_texts, queries
from core.promotions.errors import (
    GateDatasetPrivate,
    GateHolds,
    GateMissing,
    GateNotPassed,
    GateRefused,
    ReasonMissing,
)
from core.promotions.models import LabelGate
from core.promotions.schemas import (
    GateVerdict,
    GateView,
    NewGate,
    NewLabelMove,
    NewRollback,
)
from core.prompts.errors import LabelMissing, LabelProtected
from core.prompts.models import PromptLabelMove, PromptTemplate
from core.prompts.queries.versions import read_version
from core.prompts.schemas import DEFAULT_PROMPT_NAME, LabelTarget, MoveGrounds
from core.prompts.service import labels, prompts
from core.prompts.template.syntax import DEFAULT_LABEL
from core.prompts.views import PromptView
from core.providers import catalogue

TERMS = ("dataset_id", "dataset_version", "split", "least_rate", "by_lower_bound")


def set_gate(
    session: Session, prompt_id: UUID, label: str, new: NewGate, *, actor: Actor
) -> GateView:
    """Give a label a gate, or change it; the label is protected from then on.

    Raises PromptMissing, LabelMissing, LabelProtected, GateRefused, GateDatasetPrivate,
    ReasonMissing, ModelMissing, and what the gate's cases raise
    (evaluations/cases/case_sources.py).
    """
    row, present = _lock(session, prompt_id, actor)
    if row.name == DEFAULT_PROMPT_NAME and label == DEFAULT_LABEL:
        raise GateRefused
    at = next((each.version for each in present.labels if each.name == label), None)
    if at is None:
        raise LabelMissing
    _check_terms(session, prompt_id, new, actor)
    gate = queries.find_gate(session, prompt_id, label)
    before = _facts(gate) if gate else None
    if gate is None:
        # The label is protected and stays where it is
        target = LabelTarget(name=label, version=at, is_protected=True)
        labels.move_label(session, prompt_id, target, actor=actor)
        gate = LabelGate(id=new_id(), template_id=prompt_id, label=label)
        session.add(gate)
    elif new.reason is None:
        raise ReasonMissing
    for name in TERMS:
        setattr(gate, name, getattr(new, name))
    gate.criteria = encrypted_texts.seal_criteria(new.criteria, gate.id)
    gate.set_by, gate.set_at = actor.id, clock.now()
    session.flush()
    after = _facts(gate)
    _record(session, "prompt.gate.set", row, label, actor, before, after, new.reason)
    return queries.get_gate(session, prompt_id, label, actor=actor)


def hand_over_evidence(session: Session, account_id: UUID, *, to: UUID) -> None:
    """Give another account the evaluations of one that is removed which a gate may ask for, or by
    which a label was moved.
    """
    asked = (
        select(EvaluatedVersion.evaluation_id)
        .join(LabelGate, LabelGate.template_id == EvaluatedVersion.prompt_id)
        .where(LabelGate.dataset_id == EvaluationTest.dataset_id)
    )
    moved = select(PromptLabelMove.evaluation_id)
    session.execute(
        update(EvaluationTest)
        .where(
            EvaluationTest.owner == account_id,
            EvaluationTest.status == EvaluationStatus.COMPLETED,
            or_(EvaluationTest.id.in_(asked), EvaluationTest.id.in_(moved)),
        )
        .values(owner=to)
        .execution_options(synchronize_session=False)
    )


def remove_gate(
    session: Session, prompt_id: UUID, label: str, reason: str | None, *, actor: Actor
) -> None:
    """Remove the gate of a label, which stays protected.

    Raises PromptMissing, LabelProtected, GateMissing or ReasonMissing.
    """
    row, _ = _lock(session, prompt_id, actor)
    gate = queries.find_gate(session, prompt_id, label)
    if gate is None:
        raise GateMissing
    if reason is None:
        raise ReasonMissing
    _record(session, "prompt.gate.delete", row, label, actor, _facts(gate), None, reason)
    session.delete(gate)
    session.flush()


def move_label(session: Session, prompt_id: UUID, to: NewLabelMove, *, actor: Actor) -> PromptView:
    """Point a label at a version that has passed its gate, or at any with a reason; the label is
    made when there is none.

    Raises what moving a label without a gate raises, and GateNotPassed or GateHolds.
    """
    _, present = prompts.lock_editable(session, prompt_id, actor=actor)
    gate = queries.find_gate(session, prompt_id, to.name)
    grounds = MoveGrounds(reason=to.reason)
    if gate is not None:
        if to.is_protected is False:
            raise GateHolds
        # Nothing moves, so the gate is not asked
        if any((each.name, each.version) == (to.name, to.version) for each in present.labels):
            return present
        grounds = _grounds(session, gate, present, to, actor)
    target = LabelTarget(**to.model_dump(include=set(LabelTarget.model_fields)))
    return labels.move_label(session, prompt_id, target, grounds=grounds, actor=actor)


def roll_back(
    session: Session, prompt_id: UUID, label: str, rollback: NewRollback, *, actor: Actor
) -> PromptView:
    """Point a label at the version where it was before: no evaluation is asked for.

    Raises PromptMissing, LabelMissing, LabelProtected, NothingToRollBack or ReasonMissing.
    """
    grounds = _with_reason(session, prompt_id, label, rollback.reason, actor)
    return labels.roll_back(session, prompt_id, label, grounds=grounds, actor=actor)


def remove_label(
    session: Session, prompt_id: UUID, label: str, reason: str | None, *, actor: Actor
) -> None:
    """Remove a label with its gate; its history stays.

    Raises PromptMissing, LabelMissing, LabelProtected or ReasonMissing.
    """
    grounds = _with_reason(session, prompt_id, label, reason, actor)
    labels.remove_label(session, prompt_id, label, grounds=grounds, actor=actor)


def _lock(session: Session, prompt_id: UUID, actor: Actor) -> tuple[PromptTemplate, PromptView]:
    row, present = prompts.lock_editable(session, prompt_id, actor=actor)
    if not may(actor, Permission.PROMOTE):
        raise LabelProtected
    return row, present


def _with_reason(
    session: Session, prompt_id: UUID, label: str, reason: str | None, actor: Actor
) -> MoveGrounds:
    prompts.lock_editable(session, prompt_id, actor=actor)
    if reason is None and queries.find_gate(session, prompt_id, label) is not None:
        raise ReasonMissing
    return MoveGrounds(reason=reason)


def _grounds(
    session: Session, gate: LabelGate, prompt: PromptView, to: NewLabelMove, actor: Actor
) -> MoveGrounds:
    """Return why a label may move; raise LabelProtected, VersionMissing or GateNotPassed."""
    if not may(actor, Permission.PROMOTE):
        raise LabelProtected
    version = read_version(session, prompt.id, to.version)
    found = queries.check(session, gate, prompt, version, actor=actor).check
    if found.verdict is GateVerdict.PASSED and found.evaluation is not None:
        return MoveGrounds(evaluation_id=found.evaluation.id, reason=to.reason)
    if to.reason is None:
        detail = f"{found.words} Run the evaluation, or give a reason."
        raise GateNotPassed(detail, gate=found.model_dump(mode="json"))
    return MoveGrounds(reason=to.reason)


def _check_terms(session: Session, prompt_id: UUID, new: NewGate, actor: Actor) -> None:
    """Check that an evaluation as the gate asks for can be run by everyone who promotes."""
    if new.model_id is not None:
        catalogue.find_route(session, new.model_id)
    dataset = get_dataset(session, new.dataset_id, actor=actor)
    if dataset.visibility is not DatasetVisibility.SHARED:
        raise GateDatasetPrivate
    evaluation = NewEvaluation(
        name="gate",
        target=EvaluationTarget(template_id=str(prompt_id)),
        dataset_id=dataset.id,
        dataset_version=checked_version(dataset, new.dataset_version) or None,
        split=new.split,
        scorers=new.scorers,
    )
    # Raises for cases that nothing would score
    cases_of(session, evaluation, actor=actor)


def _facts(gate: LabelGate) -> dict[str, Any]:
    """Return what the audit log keeps of a gate: no texts."""
    return {name: getattr(gate, name) for name in TERMS}


def _record(
    session: Session,
    action: str,
    row: PromptTemplate,
    label: str,
    actor: Actor,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    reason: str | None,
) -> None:
    audit.record(
        session,
        action,
        actor,
        targets=prompts.target(row) | {"label": label},
        before=before,
        after=(after or {}) | ({"reason": reason} if reason else {}),
    )
