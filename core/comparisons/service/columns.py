"""Begin the columns of a comparison: what answers in each, with which prompt."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from core.bots.instructions import instructions_of
from core.bots.queries.bots import get_bot, get_version_content
from core.comparisons.schemas import NewColumn
from core.identity.schemas import Actor
from core.platform.ids import new_id
from core.playground import answering, message_rows
from core.playground.errors import SystemPromptTooLong
from core.playground.schemas import MAX_PROMPT_CHARS, Draft
from core.playground.session_names import prompt_title
from core.prompts.calls import RenderRequest
from core.prompts.queries.parameters import with_defaults
from core.prompts.queries.prompts import get_named
from core.prompts.queries.system_prompts import render_system_prompt
from core.providers import catalogue
from core.providers.schemas import Parameters
from core.services.schemas import ServiceView


class ColumnPrompt(NamedTuple):
    """A column's system prompt (None for the default), its parameters, and what names it."""

    text: str | None
    parameters: Parameters
    facts: dict[str, Any]


def begin_column(session: Session, column: NewColumn, *, actor: Actor) -> dict[str, Any]:
    """Store the session of a column, and return what the comparison keeps of it.

    Raises NoModel, ServiceMissing, BotMissing, BotVersionMissing, SystemPromptTooLong, and what
    rendering a prompt raises.
    """
    service = answering.service_of(session, column)
    model = None if service else column.model or answering.default_model(session)
    prompt = _prompt(session, column, model, actor)
    if len(prompt.text or "") > MAX_PROMPT_CHARS:
        raise SystemPromptTooLong
    row = message_rows.create(session, new_id(), actor)
    row.in_comparison = True
    defaults = {} if service else prompt.parameters.set_values()
    draft = Draft(
        model=model,
        service_id=service.id if service else None,
        parameters=Parameters.model_validate(defaults | column.parameters.set_values()),
        custom_prompt=prompt.text,
        cost_limit_usd=column.cost_limit_usd,
    )
    message_rows.store_draft(row, draft)
    return {"session_id": str(row.id), **_answerer(service, model), **prompt.facts}


def _answerer(service: ServiceView | None, model: str | None) -> dict[str, Any]:
    if service is None:
        return {"title": model}
    return {"title": service.name, "service_id": str(service.id)}


def _prompt(session: Session, column: NewColumn, model: str | None, actor: Actor) -> ColumnPrompt:
    if column.bot_id is not None:
        return _bot(session, column.bot_id, column.bot_version, model, actor)
    if column.prompt is not None:
        return _version(session, column, column.prompt, model, actor)
    custom = column.custom_prompt if (column.custom_prompt or "").strip() else None
    return ColumnPrompt(custom, Parameters(), {"prompt": prompt_title(custom)})


def _bot(
    session: Session, bot_id: UUID, version: int | None, model_id: str | None, actor: Actor
) -> ColumnPrompt:
    bot = get_bot(session, bot_id, actor=actor)
    number = version or bot.version
    content = get_version_content(session, bot_id, number)
    model = catalogue.find_route(session, model_id).model if model_id else None
    told = instructions_of(content, model, actor=actor)
    facts = {
        "prompt": f"{content.bot_name} v{number}",
        "bot_id": str(bot_id),
        "bot_version": number,
    }
    return ColumnPrompt(told.system_prompt, told.parameters, facts)


def _version(
    session: Session, column: NewColumn, name: str, model_id: str | None, actor: Actor
) -> ColumnPrompt:
    request = RenderRequest(version=column.prompt_version, variables=column.variables)
    rendered = render_system_prompt(session, name, request, actor=actor)
    facts = {
        "prompt": f"{rendered.name}@{rendered.version}",
        "prompt_id": str(get_named(session, rendered.name, actor=actor).id),
        "prompt_version": rendered.version,
    }
    parameters = with_defaults(session, rendered, column.parameters, model_id=model_id)
    return ColumnPrompt(rendered.system_prompt, parameters, facts)
