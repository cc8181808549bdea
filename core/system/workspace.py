"""The workspace's settings as an administrator changes them: the default prompt and model, and whose midnight ends a day."""

from sqlalchemy.orm import Session

from core import settings
from core.identity import audit
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.providers import catalogue


def change(session: Session, given: settings.Workspace, *, actor: Actor) -> settings.Workspace:
    """Store the workspace's settings.

    Raises Forbidden, or ModelMissing for a default model that cannot be called.
    """
    require(actor, Permission.CHANGE_WORKSPACE)
    if given.default_model is not None:
        catalogue.find_route(session, given.default_model)
    before = settings.read(session, settings.Workspace)
    settings.write(session, given, by=actor.id)
    audit.record(session, "workspace.change", actor, before=_changed(before, given), after=_changed(given, before))
    return given


def _changed(one: settings.Workspace, other: settings.Workspace) -> dict[str, object]:
    theirs = other.model_dump()
    return {name: value for name, value in one.model_dump().items() if value != theirs[name]}
