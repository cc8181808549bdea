"""Who may what: the table of the API's contract, as far as the product goes today."""

from enum import StrEnum

from core.errors import Forbidden
from core.identity.schemas import Actor, Role


class Permission(StrEnum):
    """One thing that a role may be allowed to do."""

    RUN_MODELS = "run_models"
    CHANGE_WORKSPACE = "change_workspace"
    MANAGE_PROVIDERS = "manage_providers"
    READ_AUDIT = "read_audit"
    READ_HEALTH = "read_health"
    MANAGE_ACCOUNTS = "manage_accounts"


_ADMIN = frozenset(Permission) - {Permission.MANAGE_ACCOUNTS}
ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.SUPER_ADMIN: frozenset(Permission),
    Role.ADMIN: _ADMIN,
    Role.ANALYST: frozenset(),
    Role.REVIEWER: frozenset(),
}


def may(actor: Actor, permission: Permission) -> bool:
    """Whether the actor's role allows it."""
    return permission in ALLOWED[actor.role]


def require(actor: Actor, permission: Permission) -> None:
    """Raise Forbidden unless the actor's role allows it."""
    if not may(actor, permission):
        raise Forbidden
