"""What one run of the playground's page shows, read in one transaction."""

from dataclasses import dataclass

from core.executions.schemas import ExecutionStatus
from core.playground import answering, queries
from core.playground.branches import queries as branches
from core.playground.errors import PlaygroundSessionMissing
from core.playground.schemas import FoundSessions, PlaygroundMessageView, PlaygroundSessionView
from core.playground.service import session_transfer, sessions
from core.playground.sharing import queries as readable
from core.prompts.service.default_prompt import read_default_prompt
from core.providers import catalogue
from core.providers.schemas import ModelView
from core.services import queries as services
from core.services.schemas import ServiceView
from core.tools import registry
from core.tools.schemas import ToolView
from pages._ui import errors, guard, state
from pages.test.playground.sessions import session_list, shown_session


@dataclass(frozen=True)
class PlaygroundRun:
    """The session, and what is around it."""

    session: PlaygroundSessionView
    messages: list[PlaygroundMessageView]
    sessions: FoundSessions
    service: ServiceView | None
    kept_service: ServiceView | None  # of a session that began in a comparison
    models: list[ModelView]
    default_model: str
    default_prompt: str
    tools: list[ToolView]
    is_replay: bool
    may_export: bool

    @property
    def is_answering(self) -> bool:
        return any(message.status is ExecutionStatus.PENDING for message in self.messages)


def read() -> PlaygroundRun:
    """Read the session of the address, else the last one, with everything around it."""
    wanted = shown_session.find()
    with guard.work() as (session, actor):
        session_id = wanted or queries.find_newest_session(session, owner=actor.id)
        found = readable.find(session, session_id, account=actor.id) if session_id else None
        shown = found or sessions.open_session(session, actor=actor)
        models = catalogue.list_models(session)
        seen = PlaygroundRun(
            session=shown,
            messages=branches.list_shown(session, shown.session_id),
            sessions=session_list.read(session, owner=actor.id),
            service=services.find_active(session),
            kept_service=services.find_service(session, shown.draft.service_id),
            models=models,
            default_model=answering.default_model(session) if models else "",
            default_prompt=read_default_prompt(session, actor=actor),
            is_replay=queries.find_replay(session, shown.session_id) is not None,
            may_export=session_transfer.may_export(session, shown.session_id, actor=actor),
            tools=[tool.view() for tool in registry.list_for(session, actor=actor)],
        )
    if found is None and wanted is not None:
        state.problem(PlaygroundSessionMissing().detail)
        errors.say_what_happened()  # in this run, which has drawn the messages of the one before
    shown_session.show(seen.session.session_id)
    return seen
