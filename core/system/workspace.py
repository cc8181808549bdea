"""Workspace settings: default prompt and model, reporting time zone."""

from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session

from core.cache.cache import Cache
from core.database import settings
from core.database.db import read_session
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit, sessions
from core.jobs import queue
from core.prompts.service import default_prompt
from core.providers import catalogue
from core.system.service.reporting_time_zone import AGAIN_AFTER, TASK

MAX_PROMPT_CHARS = 50_000  # of the playground's system prompt


class WorkspaceSettings(settings.Workspace):
    """The workspace's settings; `default_prompt` is the prompt `default` in production."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "default_prompt": "Answer in one sentence.",
                "reporting_time_zone": "Europe/Berlin",
            }
        }
    )

    default_prompt: str = Field(default="", min_length=1, max_length=MAX_PROMPT_CHARS)


_zone: Cache[None, str] = Cache("workspace changed", max_age_s=10.0)


def zone() -> str:
    """Return the name of the reporting time zone."""
    return _zone.get(None, _read_zone)


def known_zone() -> str | None:
    """Return the reporting time zone from the cache, or None when the database must be read."""
    return _zone.peek(None)


def _read_zone() -> str:
    with read_session() as session:
        return settings.read(session, settings.Workspace).reporting_time_zone


def read(session: Session, *, actor: Actor) -> WorkspaceSettings:
    """Return the workspace's settings, with the prompt `default`."""
    require(actor, Permission.CHANGE_WORKSPACE)
    stored = settings.read(session, settings.Workspace)
    text = default_prompt.read_default_prompt(session, actor=actor)
    return WorkspaceSettings(default_prompt=text, **stored.model_dump())


def change(
    session: Session,
    given: WorkspaceSettings,
    *,
    actor: Actor,
    loaded: WorkspaceSettings | None = None,
) -> WorkspaceSettings:
    """Store the given fields of the workspace's settings, and return all of them; another default
    prompt is a new version of the prompt `default`, in production.

    Raises Forbidden, SettingsChanged, or ModelMissing for a model that cannot be called.
    """
    require(actor, Permission.CHANGE_WORKSPACE)
    for model in filter(None, (given.default_model, given.fallback_model)):
        catalogue.find_route(session, model)
    names = given.model_fields_set & settings.Workspace.model_fields.keys()
    stored = settings.Workspace(**{name: getattr(given, name) for name in names})
    before, after = settings.amend(session, stored, by=actor.id, loaded=loaded)
    # Now that another save has to wait for this one
    if given.default_prompt:
        settings.check_unchanged(read(session, actor=actor), loaded, ["default_prompt"])
        default_prompt.set_default_prompt(session, given.default_prompt, actor=actor)
    _zone.clear_after_commit(session)
    sessions.clear_cache(session)  # cached actors include whether analysts may read messages
    if after.reporting_time_zone != before.reporting_time_zone:
        for later in (None, AGAIN_AFTER):
            queue.defer(
                session,
                TASK,
                queue=queue.LONG,
                lock=TASK,  # two at once wait for each other on each day
                after=later,
                zone=after.reporting_time_zone,
            )
    if changed := _changed(after, before):
        old = _changed(before, after)
        audit.record(session, "workspace.change", actor, before=old, after=changed)
    return read(session, actor=actor)


def _changed(one: settings.Workspace, other: settings.Workspace) -> dict[str, object]:
    theirs = other.model_dump()
    return {name: value for name, value in one.model_dump().items() if value != theirs[name]}
