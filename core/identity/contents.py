"""Who may read the words of users and models: analysts only where the workspace says so."""

from sqlalchemy.orm import Session

from core import settings
from core.errors import Forbidden
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor, Role


def may_read(session: Session, actor: Actor) -> bool:
    """Whether the actor's role allows it, or the setting for analysts."""
    if actor.role is Role.ANALYST:
        return settings.read(session, settings.Workspace).analysts_read_messages
    return may(actor, Permission.READ_CONTENTS)


def require_reading(session: Session, actor: Actor) -> None:
    """Raise Forbidden unless the actor may read them."""
    if not may_read(session, actor):
        raise Forbidden
