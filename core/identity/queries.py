"""Read accounts, sessions and the audit log of `core`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from core.database.paging import Page, Window
from core.database.tables import CoreAudit, Setting, table_of
from core.errors import Invalid
from core.identity.errors import AccountMissing
from core.identity.models import AccountLink, AdminSession, AdminUser
from core.identity.permissions import ROLE_PERMISSIONS, Permission
from core.identity.schemas import (
    AccountView,
    Actor,
    AuditActor,
    AuditFilter,
    AuditRow,
    Caller,
    Role,
    SessionView,
)
from core.platform import clock

# Runs with every request and rerun: built once, on tables instead of mapped classes, it takes a
# third of the time.
accounts, sessions = table_of(AdminUser), table_of(AdminSession)
ANALYSTS_READ_MESSAGES = (
    select(func.coalesce(Setting.value["analysts_read_messages"].as_boolean(), False)).where(
        Setting.name == "workspace"
    )
).scalar_subquery()
ACTOR = (
    select(
        accounts.c.id,
        accounts.c.email,
        accounts.c.full_name,
        accounts.c.role,
        sessions.c.id,
        sessions.c.last_seen_at,
        sessions.c.expires_at,
        ANALYSTS_READ_MESSAGES,
    )
    .join(sessions, sessions.c.admin_user_id == accounts.c.id)
    .where(
        sessions.c.revoked_at.is_(None),
        sessions.c.expires_at > bindparam("now"),
        accounts.c.is_active,
    )
)
ACTOR_BY_TOKEN = ACTOR.where(sessions.c.token_hash == bindparam("which"))
ACTOR_BY_SESSION = ACTOR.where(sessions.c.id == bindparam("which"))


@dataclass(frozen=True)
class FoundSession:
    """The actor of a session, its last use, and its expiry."""

    actor: Actor
    last_seen_at: datetime
    expires_at: datetime


def find_actor(session: Session, token_hash: bytes, caller: Caller) -> FoundSession | None:
    """Return the active session of a token, or None."""
    return _find_actor(session, ACTOR_BY_TOKEN, token_hash, caller)


def find_actor_in_session(session: Session, session_id: UUID, caller: Caller) -> Actor | None:
    """Return the actor of a session, or None when it has ended or its account is disabled."""
    found_session = _find_actor(session, ACTOR_BY_SESSION, session_id, caller)
    return found_session.actor if found_session else None


def _find_actor(
    session: Session, query: Select[Any], token_hash_or_id: bytes | UUID, caller: Caller
) -> FoundSession | None:
    row = session.execute(query, {"which": token_hash_or_id, "now": clock.now()}).first()
    if row is None:
        return None
    id_, email, name, role, session_id, last_seen_at, expires_at, analysts_read = row
    may_read_messages = bool(analysts_read) and role == Role.ANALYST
    actor = Actor(
        id_, email, name, Role(role), session_id, caller, may_read_messages=may_read_messages
    )
    return FoundSession(actor, last_seen_at, expires_at)


def find_account_by_email(session: Session, email: str, *, lock: bool = False) -> AdminUser | None:
    """Return the account with an email in lower case; `lock` locks its row."""
    query = select(AdminUser).where(AdminUser.email == email)
    return session.scalar(query.with_for_update() if lock else query)


def find_account(session: Session, account_id: UUID, *, lock: bool = False) -> AdminUser | None:
    """Return an account or None; `lock` locks its row until the transaction ends."""
    return session.get(AdminUser, account_id, with_for_update=lock)


def get_account(session: Session, account_id: UUID, *, lock: bool = False) -> AdminUser:
    """Return an account; raise AccountMissing. `lock` locks its row until the transaction ends."""
    account = find_account(session, account_id, lock=lock)
    if account is None:
        raise AccountMissing
    return account


def list_accounts(session: Session, *, window: Window | None = None) -> list[AccountView]:
    """Return accounts, oldest first."""
    query = select(AdminUser).order_by(AdminUser.created_at, AdminUser.id)
    if window is not None:
        query = query.limit(window.limit).offset(window.offset)
    return [account_view(row) for row in session.scalars(query)]


def count_accounts(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(AdminUser)) or 0


def lock_super_admins(session: Session) -> None:
    """Lock the rows of all super_admins, always in the same order (no deadlock)."""
    session.execute(
        select(AdminUser.id)
        .where(AdminUser.role == Role.SUPER_ADMIN)
        .order_by(AdminUser.id)
        .with_for_update()
    )


def count_active_super_admins(session: Session) -> int:
    """Return how many super_admins are active and have a password."""
    can_sign_in = (
        AdminUser.role == Role.SUPER_ADMIN,
        AdminUser.is_active,
        AdminUser.password_hash.is_not(None),
    )
    return session.scalar(select(func.count()).select_from(AdminUser).where(*can_sign_in)) or 0


def has_accounts(session: Session) -> bool:
    return session.scalar(select(AdminUser.id).limit(1)) is not None


def actor_of(account: AdminUser, caller: Caller) -> Actor:
    """Return an account as the actor of a change that it makes without a session."""
    return Actor(account.id, account.email, account.full_name, Role(account.role), None, caller)


def account_view(row: AdminUser) -> AccountView:
    return AccountView(
        id=row.id,
        email=row.email,
        full_name=row.full_name,
        role=Role(row.role),
        is_active=row.is_active,
        is_invited=row.password_hash is None,
        failed_logins=row.failed_logins,
        locked_until=row.locked_until,
        last_login_at=row.last_login_at,
        created_at=row.created_at,
    )


def list_sessions(session: Session, account_id: UUID) -> list[SessionView]:
    """Return an account's active sessions, most recently used first."""
    rows = session.scalars(
        select(AdminSession)
        .where(_is_active_session(account_id))
        .order_by(AdminSession.last_seen_at.desc())
    )
    return [SessionView.model_validate(row) for row in rows]


def _is_active_session(account_id: UUID) -> ColumnElement[bool]:
    return and_(
        AdminSession.admin_user_id == account_id,
        AdminSession.revoked_at.is_(None),
        AdminSession.expires_at > clock.now(),
    )


def find_link(session: Session, token_hash: bytes) -> AccountLink | None:
    """Return an unused link of an active account that has not expired, or None."""
    query = (
        select(AccountLink)
        .join(AdminUser, AdminUser.id == AccountLink.admin_user_id)
        .where(
            AccountLink.token_hash == token_hash,
            AccountLink.used_at.is_(None),
            AccountLink.expires_at > clock.now(),
            AdminUser.is_active,
        )
    )
    return session.scalar(query)


def list_audit(
    session: Session, filters: AuditFilter, *, window: Window, before_id: int | None = None
) -> Page[AuditRow]:
    """Return audit rows, newest first, with their total."""
    total = (
        session.scalar(
            select(func.count()).select_from(CoreAudit).where(*_audit_conditions(filters))
        )
        or 0
    )
    return window.page(list_audit_before(session, filters, before_id, window=window), total)


def list_audit_before(
    session: Session, filters: AuditFilter, before_id: int | None, *, window: Window
) -> list[AuditRow]:
    """Return audit rows older than `before_id`, newest first, without counting the total."""
    conditions = _audit_conditions(filters)
    if before_id is not None:
        conditions.append(CoreAudit.id < before_id)
    query = select(CoreAudit).where(*conditions).order_by(CoreAudit.id.desc())
    return [
        _audit_row(row) for row in session.scalars(query.limit(window.limit).offset(window.offset))
    ]


def _audit_conditions(filters: AuditFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.action:
        has_prefix = CoreAudit.action.startswith(f"{filters.action}.", autoescape=True)
        conditions.append(or_(CoreAudit.action == filters.action, has_prefix))
    if filters.account:
        conditions.append(CoreAudit.actor_name.icontains(filters.account, autoescape=True))
    if filters.start is not None:
        conditions.append(CoreAudit.occurred_at >= filters.start)
    if filters.end is not None:
        conditions.append(CoreAudit.occurred_at < filters.end)
    return conditions


def _audit_row(row: CoreAudit) -> AuditRow:
    actor = AuditActor(type=row.actor_type, id=row.actor_id, name=row.actor_name)
    return AuditRow(
        id=row.id,
        occurred_at=row.occurred_at,
        action=row.action,
        actor=actor,
        targets=row.targets,
        before=row.before,
        after=row.after,
        ip_address=row.ip_address,
        user_agent=row.user_agent,
        request_id=row.request_id,
        outcome=row.outcome,
    )


def emails_with(session: Session, permission: Permission, *, but: UUID) -> list[str]:
    """Return the emails of the other active accounts with a permission, in order."""
    roles = [role for role, allowed in ROLE_PERMISSIONS.items() if permission in allowed]
    rows = session.scalars(
        select(AdminUser.email)
        .where(AdminUser.role.in_(roles), AdminUser.is_active, AdminUser.id != but)
        .order_by(AdminUser.email)
    )
    return list(rows)


def ids_by_email(session: Session, emails: Sequence[str]) -> dict[str, UUID]:
    """Return the IDs of active accounts by their emails in lower case; raise Invalid for an email
    without an account, which the body has at `accounts`.
    """
    rows = session.execute(
        select(func.lower(AdminUser.email), AdminUser.id).where(
            func.lower(AdminUser.email).in_(emails), AdminUser.is_active
        )
    )
    ids = {email: id_ for email, id_ in rows}
    errors = [
        {"field": f"accounts.{index}.email", "message": "No account with this email."}
        for index, email in enumerate(emails)
        if email not in ids
    ]
    if errors:
        missing = ", ".join(email for email in emails if email not in ids)
        raise Invalid(f"No account with this email: {missing}.", errors=errors)
    return ids
