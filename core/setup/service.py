"""The checklist of a new workspace."""

from sqlalchemy.orm import Session

from core.database import settings
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.setup.schemas import Setup


def hide(session: Session, *, actor: Actor) -> None:
    """Hide the checklist for all accounts."""
    require(actor, Permission.CHANGE_WORKSPACE)
    settings.amend(session, Setup(is_hidden=True), by=actor.id)
    audit.record(session, "setup.hide", actor)
