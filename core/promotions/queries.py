"""Read gates, and check what they say of a version."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.datasets.errors import DatasetMissing
from core.datasets.models import Dataset
from core.datasets.queries.datasets import get_dataset
from core.datasets.schemas import DatasetView, DatasetVisibility
from core.evaluations.queries.by_version import MeasuredFilter, MeasuredVersion, list_measured
from core.evaluations.schemas import MAX_NAME_CHARS, EvaluationTarget, NewEvaluation
from core.identity.models import AdminUser
from core.identity.schemas import Actor
from core.presentation.formatting import shortened
from core.promotions import encrypted_texts, gate_verdicts
from core.promotions.errors import GateMissing
from core.promotions.models import LabelGate
from core.promotions.schemas import (
    GateCheck,
    GateEvaluation,
    GateVerdict,
    GateView,
)
from core.prompts.queries.parameters import with_defaults
from core.prompts.queries.prompts import get_named, get_prompt
from core.prompts.queries.versions import read_version
from core.prompts.views import PromptVersionView, PromptView
from core.providers import catalogue
from core.providers.errors import ModelMissing
from core.providers.schemas import Parameters

READ_AT_ONCE = 200  # evaluations


class GateRun(NamedTuple):
    """The check of a version, and the evaluation that the gate asks for if it has its dataset."""

    check: GateCheck
    to_run: NewEvaluation | None


def find_gate(session: Session, prompt_id: UUID, label: str) -> LabelGate | None:
    """Return the gate of a label, or None. The caller has read the prompt."""
    own = (LabelGate.template_id == prompt_id, LabelGate.label == label)
    return session.scalar(select(LabelGate).where(*own))


def list_gates(session: Session, prompt_id: UUID, *, actor: Actor) -> list[GateView]:
    """Return the gates of a prompt's labels, by label; raise PromptMissing."""
    get_named(session, prompt_id, actor=actor)
    rows = session.execute(
        select(LabelGate, AdminUser.full_name)
        .outerjoin(AdminUser, AdminUser.id == LabelGate.set_by)
        .where(LabelGate.template_id == prompt_id)
        .order_by(LabelGate.label)
    )
    found = rows.all()
    shared = select(Dataset.id, Dataset.name).where(
        Dataset.id.in_([gate.dataset_id for gate, _ in found]),
        Dataset.visibility == DatasetVisibility.SHARED,
    )
    names = {id_: name for id_, name in session.execute(shared)}
    return [_view(gate, set_by, names.get(gate.dataset_id)) for gate, set_by in found]


def get_gate(session: Session, prompt_id: UUID, label: str, *, actor: Actor) -> GateView:
    """Return the gate of a label; raise PromptMissing or GateMissing."""
    found = list_gates(session, prompt_id, actor=actor)
    gate = next((each for each in found if each.label == label), None)
    if gate is None:
        raise GateMissing
    return gate


def check_version(
    session: Session, prompt_id: UUID, label: str, number: int, *, actor: Actor
) -> GateRun:
    """Return what the gate of a label says of a version.

    Raises PromptMissing, VersionMissing or GateMissing.
    """
    prompt = get_prompt(session, prompt_id, actor=actor)
    version = read_version(session, prompt_id, number)
    gate = find_gate(session, prompt_id, label)
    if gate is None:
        raise GateMissing
    return check(session, gate, prompt, version, actor=actor)


def check(
    session: Session,
    gate: LabelGate,
    prompt: PromptView,
    version: PromptVersionView,
    *,
    actor: Actor,
) -> GateRun:
    """Return what a gate says of a version, by the newest completed evaluation that fits."""
    facts = {"label": gate.label, "version": version.number}
    dataset = _dataset(session, gate, actor)
    # A dataset without cases has the version 0, of which nothing can be evaluated
    if dataset is None or dataset.version < (gate.dataset_version or 1):
        words = gate_verdicts.NO_DATASET
        verdict = GateVerdict.DATASET_MISSING
        missing = GateCheck(**facts, verdict=verdict, words=words, evaluation=None, to_run=None)
        return GateRun(missing, None)
    to_run = _to_run(gate, dataset, prompt, version)
    fitting = _fitting(session, gate, to_run, prompt, version)
    if fitting:
        verdict, words = gate_verdicts.verdict_of(gate, fitting[0].figures)
    else:
        verdict = GateVerdict.NOT_EVALUATED
        cases = f"{dataset.name}, version {to_run.dataset_version}"
        model = f" with {to_run.all_targets[0].model_id}" if to_run.all_targets[0].model_id else ""
        words = (
            f"Version {version.number} has not been evaluated on {cases}{model}, as the gate asks."
        )
    found = GateCheck(
        **facts,
        verdict=verdict,
        words=words,
        evaluation=_evaluation(fitting, actor) if fitting else None,
        to_run=body_of(to_run),
    )
    return GateRun(found, to_run)


def body_of(evaluation: NewEvaluation) -> dict[str, Any]:
    """Return an evaluation as its request has it."""
    unset = {"targets", "test_cases"}
    return evaluation.model_dump(mode="json", exclude_none=True, exclude=unset)


def _dataset(session: Session, gate: LabelGate, actor: Actor) -> DatasetView | None:
    """Return the gate's dataset while it is shared."""
    try:
        dataset = get_dataset(session, gate.dataset_id, actor=actor)
    except DatasetMissing:
        return None
    return dataset if dataset.visibility is DatasetVisibility.SHARED else None


def _to_run(
    gate: LabelGate, dataset: DatasetView, prompt: PromptView, version: PromptVersionView
) -> NewEvaluation:
    criteria = encrypted_texts.criteria_of(gate)
    return NewEvaluation(
        name=shortened(f"{prompt.name}@{version.number} for {gate.label}", MAX_NAME_CHARS),
        target=EvaluationTarget(
            template_id=str(prompt.id),
            version=version.number,
            model_id=None if version.model_id else criteria.model_id,
        ),
        dataset_id=dataset.id,
        dataset_version=gate.dataset_version or dataset.version,
        split=gate.split,
        scorers=criteria.scorers,
        threshold=criteria.threshold,
    )


def _fitting(
    session: Session,
    gate: LabelGate,
    to_run: NewEvaluation,
    prompt: PromptView,
    version: PromptVersionView,
) -> list[MeasuredVersion]:
    """Return the completed evaluations of a version as the gate asks for, the newest first."""
    criteria = encrypted_texts.criteria_of(gate)
    model_id = _model(session, version.model_id or criteria.model_id)
    wanted = MeasuredFilter(
        prompt_id=prompt.id,
        prompt_version=version.number,
        dataset_id=to_run.dataset_id,
        dataset_version=to_run.dataset_version,
    )
    return [
        each
        # Without a reader, evaluations of all accounts count
        for each in _list_all_measured(session, wanted)
        if each.definition.manifest.split == gate.split
        and (each.definition.scorers, each.definition.threshold)
        == (criteria.scorers, criteria.threshold)
        and model_id in (None, each.target.model_id)
        and each.target.parameters == _parameters(session, version, each.target.model_id)
    ]


def _list_all_measured(session: Session, wanted: MeasuredFilter) -> Iterator[MeasuredVersion]:
    # What a gate compares is encrypted, so the one that fits may be behind any number of others
    page, offset = list(list_measured(session, wanted, limit=READ_AT_ONCE)), 0
    while page:
        yield from page
        offset += len(page)
        page = list(list_measured(session, wanted, limit=READ_AT_ONCE, offset=offset))


def _parameters(session: Session, version: PromptVersionView, model_id: str | None) -> Parameters:
    """Return the version's own parameters, as a call with this model has them."""
    try:
        return with_defaults(session, version, Parameters(), model_id=model_id)
    except ModelMissing:
        return version.default_parameters


def _model(session: Session, model_id: str | None) -> str | None:
    """Return the full ID of the model that must have answered, or None for any."""
    if model_id is None:
        return None
    try:
        return catalogue.find_route(session, model_id).model.id
    except ModelMissing:
        return model_id


def _evaluation(fitting: list[MeasuredVersion], actor: Actor) -> GateEvaluation:
    newest = fitting[0]
    row = newest.evaluation
    return GateEvaluation(
        id=row.id,
        is_own=row.owner in (actor.id, None),
        owner_name=newest.owner_name,
        success_rate=newest.figures.success_rate,
        finished_at=newest.finished_at,
        attempts=len(fitting),
    )


def _view(gate: LabelGate, set_by: str | None, dataset_name: str | None) -> GateView:
    criteria = encrypted_texts.criteria_of(gate)
    return GateView(
        label=gate.label,
        dataset_id=gate.dataset_id,
        dataset_name=dataset_name,
        dataset_version=gate.dataset_version,
        split=gate.split,
        model_id=criteria.model_id,
        scorers=[scorer.model_dump(mode="json") for scorer in criteria.scorers],
        threshold=criteria.threshold,
        least_rate=gate.least_rate,
        by_lower_bound=gate.by_lower_bound,
        set_by_name=set_by,
        set_at=gate.set_at,
    )
