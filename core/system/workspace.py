"""Change workspace settings: default prompt and model, reporting time zone."""

from sqlalchemy.orm import Session

from core.cache.recall import Recall
from core.database import settings
from core.database.db import reading
from core.identity import audit, sessions
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.jobs import queue
from core.providers import catalogue
from core.system.zone import AGAIN_AFTER, TASK

_zone: Recall[None, str] = Recall("workspace changed", for_s=10.0)


def zone() -> str:
    """Return the name of the reporting time zone."""
    return _zone.get(None, _read_zone)


def known_zone() -> str | None:
    """Return the name of the reporting time zone, or None when the database would have to be asked."""
    return _zone.known(None)


def _read_zone() -> str:
    with reading() as session:
        return settings.read(session, settings.Workspace).reporting_time_zone


def change(session: Session, given: settings.Workspace, *, actor: Actor) -> settings.Workspace:
    """Store those of the workspace's settings that are given, and return all of them as they are then.

    Raises Forbidden, or ModelMissing for a default model that cannot be called.
    """
    require(actor, Permission.CHANGE_WORKSPACE)
    if given.default_model is not None:
        catalogue.find_route(session, given.default_model)
    before, after = settings.amend(session, given, by=actor.id)
    _zone.tell(session)
    sessions.forget_entered(session)  # whether analysts may read messages is among what is remembered of them
    if after.reporting_time_zone != before.reporting_time_zone:
        for later in (None, AGAIN_AFTER):
            queue.defer(session, TASK, after=later, zone=after.reporting_time_zone)
    audit.record(session, "workspace.change", actor, before=_changed(before, after), after=_changed(after, before))
    return after


def _changed(one: settings.Workspace, other: settings.Workspace) -> dict[str, object]:
    theirs = other.model_dump()
    return {name: value for name, value in one.model_dump().items() if value != theirs[name]}
