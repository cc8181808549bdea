"""Actors, accounts and sessions, as the console and the API show them."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

EMAIL = re.compile(r"[^@\s\x00-\x1f\ud800-\udfff]{1,64}@[^@\s\x00-\x1f\ud800-\udfff]{1,189}")
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 72  # bytes; bcrypt reads no more


class Role(StrEnum):
    """What an account may do; the exact table is in permissions.py."""

    SUPER_ADMIN = "super_admin"
    ADMIN = "admin"
    ANALYST = "analyst"
    REVIEWER = "reviewer"


class Scope(StrEnum):
    """What a program's key is for."""

    INGEST = "ingest"
    READ = "read"
    READ_CONVERSATIONS = "read:conversations"


class SessionKind(StrEnum):
    """What a session's token is carried by."""

    BROWSER = "browser"
    API = "api"


class LinkPurpose(StrEnum):
    """Why a link to set a password was made."""

    INVITATION = "invitation"
    RESET = "reset"


def _email(given: str) -> str:
    text = given.strip().lower()
    if not EMAIL.fullmatch(text):
        raise ValueError("Enter a valid email address.")
    return text


def _password(given: str) -> str:
    if not SHORTEST_PASSWORD <= len(given.encode()) <= LONGEST_PASSWORD:
        raise ValueError(f"Passwords must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} bytes.")
    return given


def _one_line(given: str) -> str:
    return " ".join(given.split())


Email = Annotated[str, AfterValidator(_email)]
Password = Annotated[str, AfterValidator(_password)]
# The upper bound comes first: counting characters is what refuses half of a surrogate pair.
FullName = Annotated[str, StringConstraints(max_length=200), AfterValidator(_one_line), Field(min_length=1)]


@dataclass(frozen=True)
class Caller:
    """Where a request comes from, known before anyone has signed in."""

    ip_address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


@dataclass(frozen=True)
class Actor:
    """The account on whose behalf something is done, and the session it is done in; or a program's key, which has no role."""

    id: UUID
    email: str
    name: str
    role: Role | None
    session_id: UUID | None
    caller: Caller
    scopes: frozenset[Scope] = frozenset()
    environment: str = "production"
    may_read_messages: bool = False  # an analyst, where the workspace says so

    @property
    def is_program(self) -> bool:
        """Whether this is a key, not a person."""
        return self.role is None


class View(BaseModel):
    """What leaves core: frozen, and made straight from a row."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class AccountView(View):
    """An account as the accounts page and the API show it."""

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
    """A session as its owner sees it."""

    id: UUID
    kind: SessionKind
    ip_address: str | None
    user_agent: str | None
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class NewAccount(BaseModel):
    """Whom to invite."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"email": "ada@example.com", "full_name": "Ada Lovelace", "role": "reviewer"}},
    )

    email: Email
    full_name: FullName
    role: Role


class AccountChange(BaseModel):
    """What to change of an account; what is left out stays."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"role": "analyst"}})

    full_name: FullName | None = None
    role: Role | None = None
    is_active: bool | None = None


class NewPassword(BaseModel):
    """A password that somebody chose."""

    model_config = ConfigDict(frozen=True)

    password: Password


@dataclass(frozen=True)
class SignedIn:
    """A fresh session, and the token that will not be shown again."""

    token: str
    expires_at: datetime
    account: AccountView


@dataclass(frozen=True)
class Link:
    """A link to set a password, whose token will not be shown again."""

    account: AccountView
    token: str
    expires_at: datetime

    @property
    def path(self) -> str:
        """The address below the console's own."""
        return f"/welcome/{self.token}"


ENVIRONMENT = r"^[A-Za-z0-9_.-]{1,64}$"


class NewApiKey(BaseModel):
    """A key to make."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"name": "web backend", "scopes": ["ingest"]}})

    name: FullName
    scopes: frozenset[Scope] = Field(min_length=1)
    environment: str = Field(default="production", pattern=ENVIRONMENT)
    expires_at: AwareDatetime | None = None


class ApiKeyView(View):
    """A key as lists show it: never the key itself."""

    id: UUID
    key_id: str
    name: str
    scopes: list[Scope]
    environment: str
    expires_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


class MadeApiKey(ApiKeyView):
    """A key that was just made, and this once what a program sends."""

    key: str


@dataclass(frozen=True)
class AuditFilter:
    """Which lines of the audit log are wanted: `action` is one or its beginning, `account` an e-mail or part of one."""

    action: str | None = None
    account: str | None = None
    start: datetime | None = None
    end: datetime | None = None


class AuditActor(View):
    """Who did it: an account, nobody yet (a visitor), or Attune itself."""

    type: str
    id: UUID | None
    name: str | None


class AuditRow(View):
    """One line of the audit log."""

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
