"""Change workspace settings: default prompt and model, reporting time zone."""

from sqlalchemy.orm import Session

from core.cache.cache import Cache
from core.database import settings
from core.database.db import read_session
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit, sessions
from core.jobs import queue
from core.providers import catalogue
from core.system.service.reporting_time_zone import AGAIN_AFTER, TASK

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


def change(session: Session, given: settings.Workspace, *, actor: Actor) -> settings.Workspace:
    """Store the given fields of the workspace's settings, and return all of them.

    Raises Forbidden, or ModelMissing for a default model that cannot be called.
    """
    require(actor, Permission.CHANGE_WORKSPACE)
    if given.default_model is not None:
        catalogue.find_route(session, given.default_model)
    before, after = settings.amend(session, given, by=actor.id)
    _zone.clear_after_commit(session)
    sessions.clear_cache(session)  # cached actors include whether analysts may read messages
    if after.reporting_time_zone != before.reporting_time_zone:
        for later in (None, AGAIN_AFTER):
            queue.defer(session, TASK, after=later, zone=after.reporting_time_zone)
    audit.record(
        session,
        "workspace.change",
        actor,
        before=_changed(before, after),
        after=_changed(after, before),
    )
    return after


def _changed(one: settings.Workspace, other: settings.Workspace) -> dict[str, object]:
    theirs = other.model_dump()
    return {name: value for name, value in one.model_dump().items() if value != theirs[name]}
