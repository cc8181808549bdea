"""Actors, accounts, sessions, API keys and audit rows, as the console and the API return them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

EMAIL = re.compile(r"[^@\s\x00-\x1f\ud800-\udfff]{1,64}@[^@\s\x00-\x1f\ud800-\udfff]{1,189}")
# In a mail's header they would name another address, or begin another header
NOT_MAILED = re.compile(r'[()<>,:;"\\]|=\?|\.$')
MIN_PASSWORD_BYTES, MAX_PASSWORD_BYTES = 12, 72  # bytes; bcrypt reads no more


class Role(StrEnum):
    """The role of an account; permissions.py lists what each role may do."""

    SUPER_ADMIN = "super_admin"
    ADMIN = "admin"
    ANALYST = "analyst"
    REVIEWER = "reviewer"


class Scope(StrEnum):
    """What an API key allows."""

    INGEST = "ingest"
    READ = "read"
    READ_CONVERSATIONS = "read:conversations"
    EXECUTE = "execute"


class SessionKind(StrEnum):
    """Whether a browser's cookie or a program's bearer token carries the session."""

    BROWSER = "browser"
    API = "api"


class LinkPurpose(StrEnum):
    INVITATION = "invitation"
    RESET = "reset"


def _email(email: str) -> str:
    normalized = email.strip().lower()
    is_mailed = normalized.isprintable() and not NOT_MAILED.search(normalized)
    if not (is_mailed and EMAIL.fullmatch(normalized)):
        raise ValueError("Enter a valid email address.")
    return normalized


def _password(password: str) -> str:
    if not MIN_PASSWORD_BYTES <= len(password.encode()) <= MAX_PASSWORD_BYTES:
        raise ValueError(f"Passwords must have {MIN_PASSWORD_BYTES} to {MAX_PASSWORD_BYTES} bytes.")
    return password


def _one_line(text: str) -> str:
    return " ".join(text.split())


Email = Annotated[str, AfterValidator(_email)]
Password = Annotated[str, AfterValidator(_password)]
# The upper bound comes first: counting characters rejects half of a surrogate pair.
FullName = Annotated[
    str, StringConstraints(max_length=200), AfterValidator(_one_line), Field(min_length=1)
]


@dataclass(frozen=True)
class Caller:
    """Where a request comes from; known before sign-in."""

    ip_address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


@dataclass(frozen=True)
class Actor:
    """The account or API key that performs an operation. A key has no role and no session."""

    id: UUID
    email: str
    name: str
    role: Role | None
    session_id: UUID | None
    caller: Caller
    scopes: frozenset[Scope] = frozenset()
    environment: str = "production"
    may_read_messages: bool = False  # analysts, when a workspace setting allows it

    @property
    def is_program(self) -> bool:
        """Whether the actor is an API key."""
        return self.role is None


class View(BaseModel):
    """Base of views: frozen, and created directly from a row."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class TablePreferences(View):
    """The labels of the columns that an account hides, by list, and whether its rows are low."""

    hidden: dict[str, list[str]] = {}
    is_compact: bool = False

    def hiding(self, name: str, labels: Sequence[str]) -> "TablePreferences":
        """Return the same with other columns of a list hidden."""
        others = {each: value for each, value in self.hidden.items() if each != name}
        hidden = others | ({name: list(labels)} if labels else {})
        return self.model_copy(update={"hidden": hidden})


class AccountView(View):
    """An account on the accounts page and in the API."""

    id: UUID
    email: str
    full_name: str
    role: Role
    is_active: bool
    is_invited: bool
    failed_logins: int
    locked_until: datetime | None
    last_login_at: datetime | None
    created_at: datetime


class SessionView(View):
    """A session as its account sees it."""

    id: UUID
    kind: SessionKind
    ip_address: str | None
    user_agent: str | None
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class NewAccount(BaseModel):
    """The account to invite."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {"email": "ada@example.com", "full_name": "Ada Lovelace", "role": "reviewer"}
        },
    )

    email: Email
    full_name: FullName
    role: Role


class AccountChange(BaseModel):
    """The fields to change; fields that are left out stay."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"role": "analyst"}})

    full_name: FullName | None = None
    role: Role | None = None
    is_active: bool | None = None


class NewPassword(BaseModel):
    """A password that a person chose, of 12 to 72 bytes."""

    model_config = ConfigDict(frozen=True)

    password: Password


@dataclass(frozen=True)
class SignedIn:
    """A new session with its token, which is not shown again."""

    token: str
    expires_at: datetime
    account: AccountView


@dataclass(frozen=True)
class Link:
    """A link to set a password, with its token, which is not shown again."""

    account: AccountView
    token: str
    expires_at: datetime

    @property
    def path(self) -> str:
        """The path of the link, below the console's address."""
        return f"/welcome/{self.token}"


ENVIRONMENT_PATTERN = r"^[A-Za-z0-9_.-]{1,64}$"


class NewApiKey(BaseModel):
    """The API key to create."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"name": "web backend", "scopes": ["ingest"]}}
    )

    name: FullName
    scopes: frozenset[Scope] = Field(min_length=1)
    environment: str = Field(default="production", pattern=ENVIRONMENT_PATTERN)
    expires_at: AwareDatetime | None = None


class ApiKeyView(View):
    """An API key in lists, without the secret."""

    id: UUID
    key_id: str
    name: str
    scopes: list[Scope]
    environment: str
    expires_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


class CreatedApiKey(ApiKeyView):
    """A new API key, the only time with its secret."""

    key: str


@dataclass(frozen=True)
class AuditFilter:
    """Filters of the audit log: `action` or its first part, `account` a part of an email."""

    action: str | None = None
    account: str | None = None
    start: datetime | None = None
    end: datetime | None = None


class AuditActor(View):
    """Who made a change: an account, a key, a visitor (not signed in) or Attune itself."""

    type: str
    id: UUID | None
    name: str | None


class AuditRow(View):
    """One row of the audit log."""

    id: int
    occurred_at: datetime
    action: str
    actor: AuditActor
    targets: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    ip_address: str | None
    user_agent: str | None
    request_id: str | None
    outcome: str
