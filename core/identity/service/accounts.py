"""Changes of accounts; each is recorded in the audit log."""

from dataclasses import asdict
from uuid import UUID

from sqlalchemy.orm import Session

from core.database import bus
from core.database.db import refuse_duplicates
from core.identity import queries
from core.identity.errors import EmailTaken, LastSuperAdmin, LinkExpired, OwnAccountProtected
from core.identity.models import AdminUser
from core.identity.permissions import Permission, require
from core.identity.schemas import (
    AccountChange,
    AccountView,
    Actor,
    AuditFilter,
    Caller,
    Link,
    LinkPurpose,
    NewAccount,
    Role,
)
from core.identity.service import audit, password_links, sessions
from core.jobs import outbox
from core.platform import crypto
from core.platform.ids import new_id

ACCOUNT_REMOVED = "account.removed"


def change_password(session: Session, password_hash: str, *, actor: Actor) -> None:
    """Set the actor's password, which the caller has checked, and end the other sessions."""
    account = queries.get_account(session, actor.id, lock=True)
    account.password_hash = password_hash
    sessions.end(session, actor.id, keep=actor.session_id)
    audit.record(session, "account.change_password", actor)


def invite(session: Session, new_account: NewAccount, *, actor: Actor) -> Link:
    """Create an account without a password, and the link that sets one.

    Raises EmailTaken when an account with this email exists.
    """
    require(actor, Permission.MANAGE_ACCOUNTS)
    account = _add_account(session, new_account)
    audit.record(
        session,
        "account.invite",
        actor,
        targets={"account_id": str(account.id)},
        after={"email": account.email, "full_name": account.full_name, "role": account.role},
    )
    return password_links.create(session, account, LinkPurpose.INVITATION)


def _add_account(session: Session, new_account: NewAccount) -> AdminUser:
    account = AdminUser(
        id=new_id(),
        email=new_account.email,
        full_name=new_account.full_name,
        role=new_account.role,
        is_active=True,
        failed_logins=0,
        preferences={},
    )
    with refuse_duplicates(EmailTaken), session.begin_nested():
        session.add(account)
    session.refresh(account)
    return account


def invite_again(session: Session, account_id: UUID, *, actor: Actor) -> Link:
    """Create a new link for an account: an invitation while it has no password, else a reset.

    A reset removes the password and ends every session, for lost or stolen passwords. Raises
    OwnAccountProtected or LastSuperAdmin.
    """
    require(actor, Permission.MANAGE_ACCOUNTS)
    account = _lock_account(session, account_id)
    if account.id == actor.id:
        raise OwnAccountProtected
    purpose = LinkPurpose.INVITATION if account.password_hash is None else LinkPurpose.RESET
    if purpose is LinkPurpose.RESET:
        _refuse_last_super_admin(session, account)
        account.password_hash = None
        sessions.end(session, account.id)
    audit.record(
        session,
        f"account.{purpose}",
        actor,
        targets={"account_id": str(account.id), "email": account.email},
    )
    return password_links.create(session, account, purpose)


def accept_link(session: Session, token: str, password_hash: str, *, caller: Caller) -> AccountView:
    """Set the password once with an invitation or reset link.

    Raises LinkExpired when the link was used or has expired, or its account is disabled.
    """
    link = queries.find_link(session, crypto.fingerprint(token))
    if link is None:
        raise LinkExpired
    # The account's row is locked first, as everywhere that voids links: otherwise this could
    # deadlock with `make admin`.
    account = queries.get_account(session, link.admin_user_id, lock=True)
    session.refresh(link)
    if not account.is_active or link.used_at is not None:
        raise LinkExpired
    account.password_hash = password_hash
    sessions.end(session, account.id)
    account.failed_logins, account.locked_until = 0, None
    audit.record(
        session,
        "account.set_password",
        queries.actor_of(account, caller),
        targets={"purpose": link.purpose},
    )
    return queries.account_view(account)


def change_account(
    session: Session, account_id: UUID, change: AccountChange, *, actor: Actor
) -> AccountView:
    """Change an account's name, role or whether it is active; disabling ends its sessions.

    Raises OwnAccountProtected for the actor's own role or activity, LastSuperAdmin when none would
    be left.
    """
    require(actor, Permission.MANAGE_ACCOUNTS)
    account = _lock_account(session, account_id)
    new_values = change.model_dump(exclude_none=True)
    if account.id == actor.id and new_values.keys() & {"role", "is_active"}:
        raise OwnAccountProtected
    if change.is_active is False or change.role not in (None, Role.SUPER_ADMIN):
        _refuse_last_super_admin(session, account)
    before = {name: getattr(account, name) for name in new_values}
    for name, value in new_values.items():
        setattr(account, name, value)
    sessions.clear_cache(session)
    if change.is_active is False:
        sessions.end(session, account.id)
    if change.role is not None:
        # Open pages and streams check their permissions again
        bus.publish(session, sessions.revoked_topic(account.id))
    targets = {"account_id": str(account.id), "email": account.email}
    audit.record(session, "account.change", actor, targets=targets, before=before, after=new_values)
    return queries.account_view(account)


def delete_account(session: Session, account_id: UUID, *, actor: Actor) -> None:
    """Delete an account and its sessions; the audit log keeps its email.

    Raises OwnAccountProtected or LastSuperAdmin.
    """
    require(actor, Permission.MANAGE_ACCOUNTS)
    account = _lock_account(session, account_id)
    if account.id == actor.id:
        raise OwnAccountProtected
    _refuse_last_super_admin(session, account)
    sessions.end(session, account.id)
    audit.record(
        session,
        "account.delete",
        actor,
        targets={"account_id": str(account.id), "email": account.email},
    )
    outbox.add(session, ACCOUNT_REMOVED, {"ids": [str(account.id)]})
    session.delete(account)


def _lock_account(session: Session, account_id: UUID) -> AdminUser:
    """Return an account, locked with all super_admins: two cannot demote each other."""
    queries.lock_super_admins(session)
    return queries.get_account(session, account_id, lock=True)


def _refuse_last_super_admin(session: Session, account: AdminUser) -> None:
    can_sign_in = account.is_active and account.password_hash is not None
    if (
        account.role == Role.SUPER_ADMIN
        and can_sign_in
        and queries.count_active_super_admins(session) == 1
    ):
        raise LastSuperAdmin


def record_audit_export(session: Session, audit_filter: AuditFilter, *, actor: Actor) -> None:
    """Record that the actor exported the audit log."""
    require(actor, Permission.READ_AUDIT)
    filters = {name: value for name, value in asdict(audit_filter).items() if value is not None}
    audit.record(session, "audit.export", actor, targets=filters)


def make_super_admin(session: Session, new_account: NewAccount, password_hash: str) -> AccountView:
    """Create a super_admin, or reset the account with this email to one; end its sessions.

    For the first start and `make admin`: whoever runs them has access to the database anyway.
    """
    account = queries.find_account_by_email(session, new_account.email, lock=True) or _add_account(
        session, new_account
    )
    account.role, account.is_active = Role.SUPER_ADMIN, True
    account.password_hash = password_hash
    account.failed_logins, account.locked_until = 0, None
    sessions.end(session, account.id)
    audit.record(session, "account.make_super_admin", None, targets={"email": account.email})
    return queries.account_view(account)
