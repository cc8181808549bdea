"""Permissions by role: the table of the API contract."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from core.errors import Forbidden
from core.identity.schemas import Actor, Role, Scope


class Permission(StrEnum):
    """One thing that a role may be allowed to do."""

    RUN_MODELS = "run_models"
    CHANGE_WORKSPACE = "change_workspace"
    MANAGE_PROVIDERS = "manage_providers"
    MANAGE_PRICES = "manage_prices"
    READ_AUDIT = "read_audit"
    READ_HEALTH = "read_health"
    MANAGE_ACCOUNTS = "manage_accounts"
    MANAGE_KEYS = "manage_keys"
    MANAGE_REDACTION = "manage_redaction"
    MANAGE_IMPORTS = "manage_imports"
    INGEST = "ingest"
    WATCH = "watch"
    READ_CONTENTS = "read_contents"  # the words of users and models
    ANNOTATE = "annotate"  # take from the queue, say what one thinks, change one's own, propose documents
    DECIDE_REVIEWS = "decide_reviews"  # between reviewers, and from pending to reviewed to applied; change anybody's
    EXPORT_ANNOTATIONS = "export_annotations"  # the words of users leave the house
    CHANGE_KNOWLEDGE = "change_knowledge"  # documents and memories
    CLEAN_UP = "clean_up"
    CHANGE_RETENTION = "change_retention"


_PEOPLE = frozenset(Permission) - {Permission.INGEST}
_ADMIN = _PEOPLE - {Permission.MANAGE_ACCOUNTS, Permission.CHANGE_RETENTION, Permission.EXPORT_ANNOTATIONS}
ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.SUPER_ADMIN: _PEOPLE,
    Role.ADMIN: _ADMIN,
    Role.ANALYST: frozenset({Permission.WATCH}),
    Role.REVIEWER: frozenset({Permission.READ_CONTENTS, Permission.ANNOTATE}),
}


OF_SCOPE: dict[Scope, frozenset[Permission]] = {
    Scope.INGEST: frozenset({Permission.INGEST}),
    Scope.READ: frozenset({Permission.WATCH}),
    Scope.READ_CONVERSATIONS: frozenset({Permission.READ_CONTENTS}),
}


def may(actor: Actor, permission: Permission) -> bool:
    """Whether the actor's role allows it, a setting of the workspace for its role, or a scope of its key."""
    if actor.role is None:
        return any(permission in OF_SCOPE[scope] for scope in actor.scopes)
    is_granted = actor.may_read_messages and permission is Permission.READ_CONTENTS
    return permission in ALLOWED[actor.role] or is_granted


def without_contents(row: Mapping[Any, Any], *names: str, actor: Actor) -> dict[str, Any]:
    """Return a row in which what may hold words of users is null for those who may not read them; its figures stay."""
    hidden = frozenset(() if may(actor, Permission.READ_CONTENTS) else names)
    return {name: None if name in hidden else value for name, value in row.items()}


def require(actor: Actor, permission: Permission) -> None:
    """Raise Forbidden unless the actor's role allows it, or a scope of its key."""
    require_any(actor, permission)


def require_any(actor: Actor, *permissions: Permission) -> None:
    """Raise Forbidden unless one of these is allowed."""
    if not any(may(actor, permission) for permission in permissions):
        raise Forbidden
