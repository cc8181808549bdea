"""What a target sends for a case, as an execution."""

from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.orm import Session

from core.bots.instructions import instructions_of
from core.bots.queries.bots import get_bot, get_version_content
from core.datasets.files.parsed import reason_of
from core.evaluations.cases.case_schemas import EvaluatedCase
from core.evaluations.errors import CaseUnsendable
from core.evaluations.schemas import EvaluationTarget, RunTarget
from core.executions.schemas import NewExecution
from core.executions.service import service_calls
from core.identity.schemas import Actor
from core.platform import clock
from core.playground.answering import default_model
from core.prompts.calls import RenderRequest
from core.prompts.queries.parameters import with_defaults
from core.prompts.queries.prompts import get_named
from core.prompts.queries.rendering import fill_known, render
from core.prompts.queries.versions import read_version
from core.providers import catalogue
from core.providers.errors import ModelMissing
from core.providers.queries import token_prices
from core.providers.schemas import MessageRole, Parameters
from core.services.queries import find_service, get_service

MAX_TITLE_CHARS = 60


def resolve(
    session: Session, target: EvaluationTarget, parameters: Parameters, *, actor: Actor
) -> RunTarget:
    """Return a target with its model, version of the prompt and parameters as they are now.

    Raises ModelMissing, NoModel, PromptMissing, VersionMissing, LabelMissing, BotMissing,
    BotVersionMissing or ServiceMissing.
    """
    if target.app is not None:
        words = " ".join(filter(None, (target.app, target.release)))
        return RunTarget(
            title=target.name or f"app: {words}", app=target.app, release=target.release
        )
    if target.service_id is not None:
        service = get_service(session, target.service_id)
        return RunTarget(
            title=target.name or service.name, service_id=service.id, prompt=target.prompt
        )
    if target.bot_id is not None:
        return _bot(session, target, target.bot_id, parameters, actor)
    if target.template_id is None:
        model_id = _model(session, target.model_id)
        return RunTarget(
            title=target.name or _title(model_id, target.prompt),
            model_id=model_id,
            prompt=target.prompt,
            parameters=_merged(parameters, target.parameters),
        )
    name, _, label = target.template_id.partition("@")
    prompt = get_named(session, name, actor=actor)
    version = read_version(session, prompt.id, target.version or label or None)
    model_id = _model(session, target.model_id or version.model_id)
    own = _merged(parameters, target.parameters)
    return RunTarget(
        title=target.name or f"{prompt.name}@{version.number} · {model_id}",
        model_id=model_id,
        prompt_id=prompt.id,
        prompt_name=prompt.name,
        prompt_version=version.number,
        parameters=with_defaults(session, version, own, model_id=model_id),
    )


def is_callable(session: Session, target: RunTarget) -> bool:
    """Return whether the model or service of a target is still there; own apps always are."""
    if target.service_id is not None:
        return find_service(session, target.service_id) is not None
    if target.model_id is None:
        return True
    try:
        catalogue.find_route(session, target.model_id)
    except ModelMissing:
        return False
    return True


def _bot(
    session: Session, target: EvaluationTarget, bot_id: UUID, parameters: Parameters, actor: Actor
) -> RunTarget:
    bot = get_bot(session, bot_id, actor=actor)
    version = target.version or bot.version
    content = get_version_content(session, bot_id, version)
    model_id = _model(session, target.model_id)
    model = catalogue.find_route(session, model_id).model
    told = instructions_of(content, model, actor=actor)
    return RunTarget(
        title=target.name or f"{content.bot_name} v{version} · {model_id}",
        model_id=model_id,
        prompt=told.system_prompt,
        bot_id=bot_id,
        bot_version=version,
        parameters=_merged(told.parameters, parameters, target.parameters),
    )


def _model(session: Session, model_id: str | None) -> str:
    return catalogue.find_route(session, model_id or default_model(session)).model.id


def _merged(*given: Parameters) -> Parameters:
    values: dict[str, Any] = {}
    for each in given:
        values |= each.set_values()
    return Parameters.model_validate(values)


def _title(model_id: str, prompt: str | None) -> str:
    text = " ".join((prompt or "").split())
    return f"{model_id} · {text[:MAX_TITLE_CHARS]}" if text else model_id


def manifest_of(session: Session, target: RunTarget) -> dict[str, Any]:
    """Return what the manifest says of a target: model, parameters, version and prices."""
    facts: dict[str, Any] = {"title": target.title}
    if target.service_id is not None:
        return facts | {"service_id": str(target.service_id)}
    if target.app is not None:
        return facts | {"app": target.app, "release": target.release}
    route = catalogue.find_route(session, target.model_id or "")
    prices = token_prices.prices_for(route, clock.now())
    return facts | {
        "model_id": target.model_id,
        "provider": route.connection.name,
        "parameters": target.parameters.set_values(),
        "prices": prices.model_dump(mode="json") if prices else None,
        "prompt_id": str(target.prompt_id) if target.prompt_id else None,
        "prompt_version": target.prompt_version,
        "bot_id": str(target.bot_id) if target.bot_id else None,
        "bot_version": target.bot_version,
        "seeds": "seed + run - 1" if target.parameters.seed is not None else None,
    }


def execution_of(
    session: Session,
    target: RunTarget,
    case: EvaluatedCase,
    *,
    run: int,
    evaluation_id: UUID,
    actor: Actor,
) -> NewExecution:
    """Return the call of a run, from 1; answers never come from the cache.

    Raises CaseUnsendable, ServiceMissing, and what rendering a prompt raises.
    """
    *earlier, last = case.messages
    text, system, messages = last.content, target.prompt, tuple(earlier)
    values = {**(case.context or {}), "input": last.content}
    if target.prompt_id is not None:
        request = RenderRequest(
            version=target.prompt_version, context=values, messages=tuple(earlier)
        )
        rendered = render(session, target.prompt_id, request, actor=actor)
        system, messages = rendered.system_prompt, tuple(rendered.messages)
        # A prompt may be a system prompt alone
        text = rendered.prompt or last.content
    elif system is not None and target.bot_id is None:
        system = fill_known(system, values)
    # Some providers take a system prompt only apart from the messages
    said = tuple(it for it in messages if it.role is not MessageRole.SYSTEM)
    told = [it.content for it in messages if it.role is MessageRole.SYSTEM]
    if target.service_id is not None:
        # As the playground names it: a target's title is of this evaluation alone
        model_id = f"{service_calls.PROVIDER}:{get_service(session, target.service_id).name}"
    else:
        model_id = target.model_id or ""
    try:
        return NewExecution(
            model_id=model_id,
            system_prompt="\n\n".join(filter(None, (system, *told))) or None,
            messages=said,
            prompt=text,
            parameters=_seeded(target.parameters, run),
            metadata={"evaluation_id": str(evaluation_id)},
        )
    except ValidationError as error:
        # The run fails by it: the job would else break at this case again and again
        raise CaseUnsendable(f"This case can't be sent: {reason_of(error)}.") from None


def _seeded(parameters: Parameters, run: int) -> Parameters:
    """Return the parameters of a run: with the same seed, all runs would be one."""
    if parameters.seed is None:
        return parameters
    return parameters.model_copy(update={"seed": (parameters.seed + run - 1) % 2**31})
