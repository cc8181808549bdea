"""Ask a model for cases: make the call, and check what it answers."""

from collections.abc import Iterator
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.orm import Session

from core.case_proposals import request_texts
from core.case_proposals.errors import CaseModelUnsuitable, CaseProposalsRefused, CaseSubjectMissing
from core.case_proposals.schemas import (
    CaseCall,
    CaseProposal,
    CaseProposals,
    CaseRequest,
    ProposedCase,
    ProposedCases,
)
from core.datasets.queries.cases import cases_of_version
from core.datasets.queries.datasets import get_dataset
from core.datasets.schemas import MAX_TAG_CHARS, CaseMessage, DatasetCase
from core.executions.schemas import ExecutionStatus, ExecutionView, NewExecution
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation.formatting import folded
from core.prompts.estimates import estimate_texts
from core.providers import catalogue
from core.providers.schemas import MessageRole, ModelView, ParameterName, Parameters
from core.providers.structured_output import StructuredOutput, json_text
from core.providers.vendors.finish_reasons import is_cut_off, is_refused

MOST_EXAMPLES = 20
TOKENS_PER_CASE = 300


def prepare(session: Session, dataset_id: UUID, request: CaseRequest, *, actor: Actor) -> CaseCall:
    """Return the call that asks for cases.

    Raises DatasetMissing, ModelMissing, CaseModelUnsuitable or CaseSubjectMissing.
    """
    require(actor, Permission.RUN_MODELS)
    dataset = get_dataset(session, dataset_id, actor=actor)
    present = cases_of_version(session, dataset_id) if dataset.version else ()
    if not (present or request.note.strip()):
        raise CaseSubjectMissing
    model = catalogue.find_route(session, request.model_id).model
    step = max(1, -(-len(present) // MOST_EXAMPLES))  # some from all over the dataset
    examples = [(_question(case), case.content.reference or "") for case in present[::step]]
    asked = request_texts.question(examples, request.count, request.note)
    parameters = _parameters(model, request.count)
    execution = NewExecution(
        model_id=model.id,
        system_prompt=request_texts.INSTRUCTIONS,
        prompt=asked,
        parameters=parameters,
        response_schema=request_texts.answer_schema(),
        metadata={"proposes_cases_for": dataset.name},
    )
    texts = (request_texts.INSTRUCTIONS, asked)
    return CaseCall(
        present=frozenset(folded(_question(case)) for case in present),
        execution=execution,
        estimate=estimate_texts(texts, parameters.max_tokens, model),
    )


def propose(call: CaseCall, answer: ExecutionView) -> CaseProposals:
    """Return the cases of a model's answer, each once; raise CaseProposalsRefused."""
    found = list(_proposals(_parsed(answer)))
    fresh = {
        question: case
        for case in found
        if (question := folded(case.messages[0].content)) not in call.present
    }
    return CaseProposals(
        execution_id=answer.id,
        cases=list(fresh.values()),
        repeated=len(found) - len(fresh),
        cost_usd=answer.usage.estimated_cost,
    )


def _parameters(model: ModelView, count: int) -> Parameters:
    if model.capabilities.structured_output is StructuredOutput.NONE:
        raise CaseModelUnsuitable(
            f"{model.id} can't return structured output. Choose another model."
        )
    bounds = model.capabilities.parameters.get(ParameterName.MAX_TOKENS)
    if bounds is None:
        return Parameters()
    most = count * TOKENS_PER_CASE + TOKENS_PER_CASE
    return Parameters(max_tokens=min(most, int(bounds.maximum or most)))


def _parsed(answer: ExecutionView) -> ProposedCases:
    facts = {"execution_id": str(answer.id)}
    if answer.status is not ExecutionStatus.COMPLETED:
        reason = answer.error.detail.rstrip(".") if answer.error else "the call did not complete"
        raise CaseProposalsRefused(reason, **facts)
    if is_cut_off(answer.finish_reason):
        raise CaseProposalsRefused("the answer was cut off; ask for fewer cases", **facts)
    if is_refused(answer.finish_reason):
        raise CaseProposalsRefused("the model refused to answer", **facts)
    try:
        return ProposedCases.model_validate_json(json_text(answer.response))
    except ValidationError:
        raise CaseProposalsRefused(
            "they aren't JSON of the form that was asked for", **facts
        ) from None


def _proposals(answered: ProposedCases) -> Iterator[CaseProposal]:
    """Yield cases; those without a question are left out."""
    for case in answered.cases:
        if case.question.strip():
            yield CaseProposal(
                messages=(CaseMessage(role=MessageRole.USER, content=case.question.strip()),),
                reference=case.reference.strip() or None,
                tags=_tags(case),
            )


def _tags(case: ProposedCase) -> tuple[str, ...]:
    # Lower case can be longer, and a cut can end with a space
    tags = (it.strip().lower()[:MAX_TAG_CHARS].strip() for it in case.tags)
    return tuple(dict.fromkeys(filter(None, tags)))[:5]


def _question(case: DatasetCase) -> str:
    return next(it.content for it in case.content.messages if it.role is MessageRole.USER)
