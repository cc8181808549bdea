"""Ask a model for a better prompt: make the call, and check what it answers."""

from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.orm import Session

from core.annotations.exports.queries import Split, split_of
from core.annotations.schemas import AnnotationView
from core.database.tables import STORED
from core.errors import Invalid
from core.executions.schemas import ExecutionStatus, ExecutionView, NewExecution
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.improvements import placeholders, request_texts
from core.improvements.errors import (
    ImprovementFailed,
    ModelUnsuitable,
    NothingToImprove,
    ProposalRefused,
)
from core.improvements.queries import open_annotations
from core.improvements.schemas import (
    Improvement,
    ImprovementProposal,
    NewImprovement,
    ProposedTexts,
)
from core.presentation.word_diff import word_diff
from core.prompts.estimates import estimate_texts, tokens_in
from core.prompts.guidance.findings import PromptFinding
from core.prompts.queries.guidance import check_prompt
from core.prompts.queries.prompts import get_prompt
from core.prompts.schemas import PromptContent
from core.prompts.service import prompts
from core.prompts.views import PromptView
from core.providers import catalogue
from core.providers.schemas import ModelView, ParameterName, Parameters
from core.providers.structured_output import StructuredOutput, json_text
from core.providers.vendors.finish_reasons import is_cut_off, is_refused

ROOM_TOKENS = 4000  # of an answer besides the texts: reasons, and what a model thinks before it


def prepare(
    core: Session, ai: Session, prompt_id: UUID, new_improvement: NewImprovement, *, actor: Actor
) -> Improvement:
    """Return the call that asks for a better prompt.

    Raises PromptMissing, ModelMissing, ModelUnsuitable, NothingToImprove, IncludeRefused or
    PromptTooLarge.
    """
    require(actor, Permission.EDIT_PROMPTS)
    prompt = get_prompt(core, prompt_id, actor=actor)
    content = new_improvement.content or _newest(prompt)
    prompts.check(content)
    findings = check_prompt(core, prompt_id, content, actor=actor)
    annotations = _by_short_id(_not_held_out(open_annotations(ai, prompt.name, actor=actor)))
    if not (annotations or findings or new_improvement.note.strip()):
        raise NothingToImprove
    model = catalogue.find_route(core, new_improvement.model_id).model
    return _improvement(prompt, content, annotations, findings, model, new_improvement.note)


def _newest(prompt: PromptView) -> PromptContent:
    fields = prompt.model_dump(include=set(PromptContent.model_fields))
    return PromptContent.model_validate(fields, context=STORED)


def _not_held_out(annotations: list[AnnotationView]) -> list[AnnotationView]:
    """Leave out the hold-out split: a prompt is measured by cases that it was not written for."""
    return [each for each in annotations if split_of(each.conversation_id) is not Split.HOLDOUT]


def _by_short_id(annotations: list[AnnotationView]) -> dict[str, AnnotationView]:
    """Return annotations by IDs that small models copy without mistakes."""
    return {f"A{number}": each for number, each in enumerate(annotations, 1)}


def _improvement(
    prompt: PromptView,
    content: PromptContent,
    annotations: dict[str, AnnotationView],
    findings: list[PromptFinding],
    model: ModelView,
    note: str,
) -> Improvement:
    question = request_texts.question(content, annotations, findings, note)
    schema = request_texts.answer_schema(content, annotations)
    texts = (request_texts.INSTRUCTIONS, question)
    parameters = _parameters(model, sum(map(tokens_in, texts)), content)
    execution = NewExecution(
        model_id=model.id,
        system_prompt=request_texts.INSTRUCTIONS,
        prompt=question,
        parameters=parameters,
        response_schema=schema,
        metadata={"improves": f"{prompt.name}@{prompt.version}"},
    )
    cost = estimate_texts(texts, parameters.max_tokens, model)
    return Improvement(prompt.version, content, annotations, findings, execution, cost)


def _parameters(model: ModelView, input_tokens: int, content: PromptContent) -> Parameters:
    """Return parameters with room for the answer; raise ModelUnsuitable."""
    if model.capabilities.structured_output is StructuredOutput.NONE:
        raise ModelUnsuitable(f"{model.id} can't return structured output. Choose another model.")
    needed = sum(map(tokens_in, request_texts.fields_of(content).values()))
    bounds = model.capabilities.parameters.get(ParameterName.MAX_TOKENS)
    # Twice the texts: they may grow, and JSON escapes their line breaks and quotes
    limits = [2 * needed + ROOM_TOKENS]
    if model.context_window is not None:
        limits.append(model.context_window - input_tokens)
    if bounds is not None and bounds.maximum is not None:
        limits.append(int(bounds.maximum))
    if min(limits) <= needed:
        raise ModelUnsuitable(
            f"About {input_tokens:,} tokens and as long an answer are too much for {model.id}. "
            "Choose a model that takes longer texts, or shorten the prompt."
        )
    return Parameters(max_tokens=min(limits)) if bounds is not None else Parameters()


def propose(
    session: Session,
    prompt_id: UUID,
    improvement: Improvement,
    answer: ExecutionView,
    *,
    actor: Actor,
) -> ImprovementProposal:
    """Return the proposal that a model's answer contains.

    Raises ImprovementFailed or ProposalRefused.
    """
    texts = _parsed(answer)
    old, new = improvement.content, _content(improvement.content, texts, answer.id)
    ids = dict.fromkeys(texts.addressed)
    return ImprovementProposal(
        execution_id=answer.id,
        version=improvement.version,
        system_prompt=new.system_prompt,
        prompt=new.prompt,
        system_prompt_diff=word_diff(old.system_prompt or "", new.system_prompt or ""),
        prompt_diff=word_diff(old.prompt, new.prompt),
        why=texts.why.strip(),
        # Models also name IDs that they were not given
        addressed=[
            improvement.annotations[id_].id for id_ in ids if id_ in improvement.annotations
        ],
        findings=check_prompt(session, prompt_id, new, actor=actor),
        cost_usd=answer.usage.estimated_cost,
    )


def _parsed(answer: ExecutionView) -> ProposedTexts:
    facts = {"execution_id": str(answer.id)}
    if answer.status is not ExecutionStatus.COMPLETED:
        if (error := answer.error) is None:
            raise ImprovementFailed(**facts)
        raise ImprovementFailed(error.detail, reason=error.reason, **facts)
    if is_cut_off(answer.finish_reason):
        raise ProposalRefused("it was cut off at the model's limit of tokens", **facts)
    if is_refused(answer.finish_reason):
        raise ImprovementFailed(
            "The model refused to answer. Change what to improve, or choose another model.", **facts
        )
    try:
        return ProposedTexts.model_validate_json(json_text(answer.response))
    except ValidationError:
        raise ProposalRefused("it isn't JSON of the form that was asked for", **facts) from None


def _content(old: PromptContent, texts: ProposedTexts, execution_id: UUID) -> PromptContent:
    """Return the old content with the new texts; raise ProposalRefused."""
    facts = {"execution_id": str(execution_id)}
    changes = {}
    for name, text in request_texts.fields_of(old).items():
        changes[name] = new = getattr(texts, name) or ""
        if problem := placeholders.problem_of(text, new):
            raise ProposalRefused(problem, **facts)
    try:
        content = PromptContent.model_validate(old.model_dump() | changes)
        prompts.check(content)
    except ValidationError:
        raise ProposalRefused("its texts are too long", **facts) from None
    except Invalid as refused:
        raise ProposalRefused(refused.detail.rstrip("."), **facts) from None
    return content
