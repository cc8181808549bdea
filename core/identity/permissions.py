"""Permissions by role and by API key scope: the table of the API contract."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from core.errors import Forbidden
from core.identity.schemas import Actor, Role, Scope


class Permission(StrEnum):
    RUN_MODELS = "run_models"
    READ_ALL_USAGE = "read_all_usage"  # of all accounts and keys; without it, one's own
    EDIT_PROMPTS = "edit_prompts"
    PROMOTE = "promote"  # move a protected label of a prompt
    CHANGE_WORKSPACE = "change_workspace"
    MANAGE_PROVIDERS = "manage_providers"
    MANAGE_PRICES = "manage_prices"
    MANAGE_QUOTAS = "manage_quotas"
    READ_AUDIT = "read_audit"
    READ_HEALTH = "read_health"
    MANAGE_ACCOUNTS = "manage_accounts"
    MANAGE_KEYS = "manage_keys"
    MANAGE_REDACTION = "manage_redaction"
    MANAGE_IMPORTS = "manage_imports"
    INGEST = "ingest"
    WATCH = "watch"
    READ_CONTENTS = "read_contents"  # texts of users and models
    HANDLE_TICKETS = "handle_tickets"
    ANNOTATE = "annotate"  # lease items, annotate, change own annotations, propose documents
    DECIDE_REVIEWS = "decide_reviews"  # adjudicate, set the status, change all annotations
    EXPORT_ANNOTATIONS = "export_annotations"  # exports contain user messages
    CHANGE_KNOWLEDGE = "change_knowledge"  # documents and memories
    CLEAN_UP = "clean_up"
    CHANGE_RETENTION = "change_retention"


_PEOPLE = frozenset(Permission) - {Permission.INGEST}
_ADMIN = _PEOPLE - {
    Permission.MANAGE_ACCOUNTS,
    Permission.CHANGE_RETENTION,
    Permission.EXPORT_ANNOTATIONS,
}
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.SUPER_ADMIN: _PEOPLE,
    Role.ADMIN: _ADMIN,
    Role.ANALYST: frozenset({Permission.WATCH}),
    Role.REVIEWER: frozenset(
        {Permission.READ_CONTENTS, Permission.ANNOTATE, Permission.HANDLE_TICKETS}
    ),
}


SCOPE_PERMISSIONS: dict[Scope, frozenset[Permission]] = {
    Scope.INGEST: frozenset({Permission.INGEST}),
    Scope.READ: frozenset({Permission.WATCH}),
    Scope.READ_CONVERSATIONS: frozenset({Permission.READ_CONTENTS}),
    Scope.EXECUTE: frozenset({Permission.RUN_MODELS}),
}
CREATE_KEY = "Create one in Settings > API keys."


def may(actor: Actor, permission: Permission) -> bool:
    """Whether the actor's role, a setting for the role, or a scope of the key allows it."""
    if actor.role is None:
        return any(permission in SCOPE_PERMISSIONS[scope] for scope in actor.scopes)
    is_granted = actor.may_read_messages and permission is Permission.READ_CONTENTS
    return permission in ROLE_PERMISSIONS[actor.role] or is_granted


def without_contents(row: Mapping[Any, Any], *names: str, actor: Actor) -> dict[str, Any]:
    """Return a row without the fields in `names` unless the actor may read message texts."""
    hidden_names = frozenset(() if may(actor, Permission.READ_CONTENTS) else names)
    return {name: None if name in hidden_names else value for name, value in row.items()}


def require(actor: Actor, permission: Permission) -> None:
    """Raise Forbidden unless the actor has the permission."""
    require_any(actor, permission)


def require_any(actor: Actor, *permissions: Permission) -> None:
    """Raise Forbidden unless the actor has one of the permissions."""
    if not any(may(actor, permission) for permission in permissions):
        raise Forbidden(_refusal(actor, frozenset(permissions)))


def _refusal(actor: Actor, permissions: frozenset[Permission]) -> str | None:
    """Return what a key, which has no role, or an account that sends rows can do instead."""
    if actor.role is not None:
        is_ingest = permissions == {Permission.INGEST}
        return f"Only API keys with the scope ingest send rows. {CREATE_KEY}" if is_ingest else None
    scopes = [scope for scope, allowed in SCOPE_PERMISSIONS.items() if allowed & permissions]
    if not scopes:
        return "API keys can't do this. Sign in instead."
    return f"This API key lacks the scope {' or '.join(scopes)}. {CREATE_KEY}"
