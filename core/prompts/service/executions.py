"""Turn a call of a prompt into a call of texts."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.executions.schemas import NewExecution
from core.identity.schemas import Actor
from core.prompts.calls import PromptExecution, RenderRequest
from core.prompts.errors import PromptRefused
from core.prompts.models import PromptTemplate, PromptVersion
from core.prompts.queries.parameters import with_defaults
from core.prompts.queries.rendering import render, render_texts
from core.prompts.schemas import PromptContent
from core.prompts.template.values import text_of
from core.prompts.views import RenderedPrompt

SAME = (
    "messages",
    "context",
    "metadata",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_schema",
    "cache",
    "cost_limit_usd",
    "session_id",
)


def resolve(session: Session, call: PromptExecution, *, actor: Actor) -> NewExecution:
    """Return the call with its prompt rendered, and count the use of the prompt; without a prompt,
    with its variables in its own texts.

    Raises PromptRefused when texts are given twice or not at all, and what render() raises.
    """
    if call.template_id is None:
        return _with_values(session, call, actor) if call.variables else without_template(call)
    request = RenderRequest(
        label=call.template_label,
        variables=call.variables,
        context=call.context,
        messages=call.messages,
    )
    rendered = render(session, call.template_id, request, actor=actor)
    _count_use(session, rendered.version_id)
    return _execution(session, call, rendered)


def without_template(call: PromptExecution) -> NewExecution:
    """Return a call of texts."""
    # Checked already: a call of a prompt has all fields of a call of texts
    facts = {name: getattr(call, name) for name in NewExecution.model_fields}
    return NewExecution.model_construct(**facts | {"template_version_id": None})


def _with_values(session: Session, call: PromptExecution, actor: Actor) -> NewExecution:
    # Texts of a call declare no variables: a value of any type is written as text
    variables, context = (
        {name: value if value is None else text_of(value) for name, value in (given or {}).items()}
        for given in (call.variables, call.context)
    )
    request = RenderRequest(variables=variables, context=context, messages=call.messages)
    # Not validated: texts of a call may be longer than those of a prompt
    content = PromptContent.model_construct(prompt=call.prompt, system_prompt=call.system_prompt)
    texts = render_texts(session, content, request, actor=actor)
    if not (texts.prompt or call.ends_with_input):
        raise PromptRefused("With these values, `prompt` has no text.")
    filled = {name: getattr(texts, name) for name in ("system_prompt", "messages", "prompt")}
    return without_template(call.model_copy(update=filled | {"messages": tuple(texts.messages)}))


def _execution(session: Session, call: PromptExecution, rendered: RenderedPrompt) -> NewExecution:
    if call.system_prompt is not None:
        raise PromptRefused("Leave out `system_prompt`: the prompt has its own.")
    if rendered.prompt and call.prompt:
        raise PromptRefused(
            "Leave out `prompt`: this prompt has its own user text. Pass values in `variables`."
        )
    if not (rendered.prompt or call.prompt or call.ends_with_input):
        raise _missing("prompt", "This prompt has no user text. Pass one.")
    if not (call.model_id or rendered.model_id):
        raise _missing("model_id", "This prompt has no model. Save a version that names a model.")
    same = {name: getattr(call, name) for name in SAME}
    return NewExecution.model_validate(
        same
        | {
            "model_id": call.model_id or rendered.model_id,
            "prompt": rendered.prompt or call.prompt,
            "system_prompt": rendered.system_prompt,
            "messages": rendered.messages,
            "parameters": with_defaults(session, rendered, call.parameters, model_id=call.model_id),
            "template_version_id": rendered.version_id,
        }
    )


def _missing(field: str, words: str) -> PromptRefused:
    # The words name no field: OpenAI's protocol has other names for them
    return PromptRefused(words, errors=[{"field": field, "message": "Required with this prompt"}])


def _count_use(session: Session, version_id: UUID) -> None:
    of_version = select(PromptVersion.template_id).where(PromptVersion.id == version_id)
    session.execute(
        update(PromptTemplate)
        .where(PromptTemplate.id.in_(of_version))
        .values(usage_count=PromptTemplate.usage_count + 1)
    )
