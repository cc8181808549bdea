"""Tables of accounts, sessions, password links, failed sign-ins and API keys."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, Created, Keyed, one_of
from core.identity.schemas import LinkPurpose, Role, SessionKind


class AdminUser(Keyed, Created, CoreTable):
    """A person who signs in to Attune.

    The password hash is null until the invitation is accepted.
    """

    __tablename__ = "admin_users"
    __table_args__ = (
        one_of("role", Role),
        CheckConstraint("email = lower(email)", name="email_lower"),
    )

    email: Mapped[str] = mapped_column(String(254), unique=True)
    full_name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str | None]
    role: Mapped[str] = mapped_column(String(16))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    failed_logins: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    preferences: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class AdminSession(Keyed, Created, CoreTable):
    """One sign-in of a browser or a program; only a hash of its token is stored."""

    __tablename__ = "admin_sessions"
    __table_args__ = (
        one_of("kind", SessionKind),
        Index(None, "admin_user_id"),
        Index(None, "expires_at"),
    )

    admin_user_id: Mapped[UUID] = mapped_column(ForeignKey("admin_users.id", ondelete="CASCADE"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    kind: Mapped[str] = mapped_column(String(8))
    ip_address: Mapped[str | None]
    user_agent: Mapped[str | None]
    expires_at: Mapped[datetime]
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]


class AccountLink(Keyed, Created, CoreTable):
    """An invitation or reset link with which a person sets a password."""

    __tablename__ = "account_links"
    __table_args__ = (one_of("purpose", LinkPurpose), Index(None, "admin_user_id"))

    admin_user_id: Mapped[UUID] = mapped_column(ForeignKey("admin_users.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(12))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInFailure(CoreTable):
    """Failed sign-ins of an email from a network; an empty email counts the network."""

    __tablename__ = "sign_in_failures"

    network: Mapped[str] = mapped_column(primary_key=True)
    email_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int]
    since: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    locked_until: Mapped[datetime | None]


class SignInFailureHour(CoreTable):
    """Failed sign-ins from one network within an hour, and their row in the audit log."""

    __tablename__ = "sign_in_failure_hours"

    network: Mapped[str] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    failures: Mapped[int]
    audit_id: Mapped[int | None] = mapped_column(BigInteger)


class ApiKey(Keyed, Created, CoreTable):
    """A key of a program, `atn_<key_id>_<secret>`; `secret_hash` is the hash of the whole key."""

    __tablename__ = "api_keys"

    key_id: Mapped[str] = mapped_column(String(8), unique=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    name: Mapped[str] = mapped_column(String(200))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    environment: Mapped[str]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("admin_users.id", ondelete="SET NULL"), index=True
    )
