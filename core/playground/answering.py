"""Begin the answer to a message: by a model of this process, or by the active service."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from core.attachments.schemas import AttachmentView, FileForm, ModelFile
from core.database import settings
from core.database.db import after_commit
from core.executions.queries import CallSettings
from core.executions.runner import OnFinish, current
from core.executions.schemas import MAX_MESSAGES, NewExecution
from core.executions.service import executions, service_calls
from core.identity.schemas import Actor
from core.playground import queries
from core.playground.context import files as context_files
from core.playground.context import history
from core.playground.context.queries import has_untrusted_texts
from core.playground.errors import NoModel, NotForServices, NoToolsInReplays
from core.playground.models import PlaygroundMessage
from core.playground.schemas import ModelOrService, NewPlaygroundMessage
from core.prompts.service.default_prompt import read_default_prompt
from core.providers import catalogue
from core.services import dispatch
from core.services.queries import find_active, find_service, get_service
from core.services.schemas import ServiceView
from core.tools.toolboxes import toolbox_for

SOURCE = "playground"


@dataclass(frozen=True)
class BegunAnswer:
    """A pending execution, what answers it, and how it starts once its message is stored."""

    execution_id: UUID
    answered_by: str
    start: Callable[[PlaygroundMessage, Sequence[AttachmentView]], None]


def begin(
    session: Session,
    session_id: UUID,
    new_message: NewPlaygroundMessage,
    files: Sequence[ModelFile],
    *,
    parent: int,
    actor: Actor,
    on_finish: OnFinish,
) -> BegunAnswer:
    """Store the execution that answers a message with its files, which a service is sent apart.

    The message follows the position `parent`.
    """
    if new_message.tools and queries.find_replay(session, session_id) is not None:
        raise NoToolsInReplays
    service = service_of(session, new_message)
    model_id = (
        f"{service_calls.PROVIDER}:{service.name}"
        if service
        else new_message.model or default_model(session)
    )
    form = FileForm.NAMES if service else context_files.form_for_model(session, model_id)
    context_files.check(files, form, service)
    prompt, illustrated = context_files.as_prompt(
        new_message.message, () if service else files, form
    )
    turns = new_message.history_turns
    new_execution = NewExecution(
        model_id=model_id,
        prompt=prompt,
        system_prompt=new_message.custom_prompt or read_default_prompt(session, actor=actor),
        messages=(
            *history.before_message(session, session_id, parent, turns, form, actor=actor),
            *illustrated,
        )[-MAX_MESSAGES:],
        parameters=new_message.parameters,
        tools=new_message.tools,
        cost_limit_usd=new_message.cost_limit_usd,
        session_id=session_id,
    )
    if service is not None:
        return _by_service(session, new_execution, service, actor=actor)
    return by_model(
        session, new_execution, actor=actor, on_finish=on_finish, reads_files=bool(files)
    )


def service_of(session: Session, answerer: ModelOrService) -> ServiceView | None:
    """Return the service that answers, or None when a model does; raise ServiceMissing."""
    if answerer.service_id is not None:
        return get_service(session, answerer.service_id)
    return None if answerer.model else find_active(session)


def default_model(session: Session) -> str:
    """Return the workspace's default model, or the first that can be called; raise NoModel."""
    models = [model.id for model in catalogue.list_models(session)]
    preferred = settings.read(session, settings.Workspace).default_model
    if preferred in models:
        return str(preferred)
    if not models:
        raise NoModel
    return models[0]


def is_offered(session: Session, call: CallSettings) -> bool:
    """Whether the model or service of an earlier call can be called again."""
    if call.service_id is not None:
        return find_service(session, call.service_id) is not None
    return any(model.id == call.model_id for model in catalogue.list_models(session))


def by_model(
    session: Session,
    new_execution: NewExecution,
    *,
    actor: Actor,
    on_finish: OnFinish,
    reads_files: bool = False,
) -> BegunAnswer:
    """Store an execution that a model answers."""
    runner, session_id = current(), new_execution.session_id
    # Refused before anything is stored
    runner.reserve()
    is_tainted = reads_files or bool(session_id and has_untrusted_texts(session, session_id))
    toolbox = toolbox_for(session, new_execution, actor=actor, after_untrusted=is_tainted)
    execution = executions.begin(
        session, new_execution, instance=runner.instance, actor=actor, toolbox=toolbox
    )
    # The thread that makes the call sees the row only once it is committed
    launch = partial(runner.launch, execution, on_finish=on_finish)
    return BegunAnswer(
        execution.id, execution.route.model.id, lambda *_: after_commit(session, launch)
    )


def _by_service(
    session: Session, new_execution: NewExecution, service: ServiceView, *, actor: Actor
) -> BegunAnswer:
    settings_of_models = (
        new_execution.tools,
        new_execution.parameters.set_values(),
        new_execution.cost_limit_usd is not None,
    )
    if any(settings_of_models):
        raise NotForServices
    execution_id = service_calls.begin(session, new_execution, service.id, actor=actor)

    def start(answer: PlaygroundMessage, files: Sequence[AttachmentView]) -> None:
        params = {
            "message_id": str(answer.id),
            "source": SOURCE,
            "session_id": str(answer.session_id),
            "admin_user_id": str(actor.id),
        }
        dispatch.begin(session, execution_id, params, files=[str(file.id) for file in files])

    return BegunAnswer(execution_id, service.name, start)
