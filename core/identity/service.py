"""Change accounts and sessions. Every change is in the audit log."""

from dataclasses import asdict
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.database import bus
from core.identity import audit, failures, links, queries, sessions, sign_in, tokens
from core.identity.errors import (
    EmailTaken,
    LastSuperAdmin,
    LinkSpent,
    NotYourself,
    SessionMissing,
    SessionOver,
)
from core.identity.models import AdminSession, AdminUser
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
    SessionKind,
    SignedIn,
)
from core.jobs import outbox
from core.platform import clock, crypto
from core.platform.ids import new_id

REMOVED = "account.removed"


def revoked_topic(account_id: UUID) -> str:
    """Return the topic on which the end of an account's sessions is told, or of a right that they had."""
    return f"revoked {account_id}"


def finish_sign_in(
    session: Session, attempt: sign_in.Attempt, *, proven: str | None, kind: SessionKind, caller: Caller
) -> SignedIn | None:
    """Turn a checked attempt into a session, or into one more failure (None).

    `proven` is the hash that the password matched, or None. Held from here on, the account must still have that one: it may
    have been reset while the password was checked.
    """
    account = queries.find_account_by_email(session, attempt.email, lock=True)
    is_proven = account is not None and proven is not None and account.password_hash == proven
    if account is None or not is_proven or attempt.is_locked or not account.is_active:
        sign_in.fail(session, attempt, account)
        failures.note(session, attempt.network, attempt.email, "wrong", caller)
        return None
    sign_in.succeed(session, attempt, account)
    account.last_login_at = clock.now()
    signed_in = _open_session(session, account, kind, caller)
    audit.record(session, failures.ACTION, _as_actor(account, caller), targets={"kind": kind})
    return signed_in


def _open_session(session: Session, account: AdminUser, kind: SessionKind, caller: Caller) -> SignedIn:
    session_id = new_id()
    token = tokens.bearer(account.id, session_id) if kind is SessionKind.API else crypto.new_token()
    expires_at = clock.now() + tokens.LIFETIME
    opened = AdminSession(
        id=session_id,
        admin_user_id=account.id,
        token_hash=crypto.fingerprint(token),
        kind=kind,
        ip_address=caller.ip_address,
        user_agent=(caller.user_agent or "")[: audit.LONGEST_USER_AGENT] or None,
        expires_at=expires_at,
    )
    session.add(opened)
    session.flush()
    return SignedIn(token, expires_at, queries.account_view(account))


def refresh(session: Session, *, actor: Actor) -> SignedIn:
    """End the actor's session and open a new one in its place.

    Raises SessionOver when it has ended since the actor came in: two who refresh one session get one new one.
    """
    # Held, so that whoever ends all sessions comes before, or finds the new one among them.
    account = queries.find_account(session, actor.id, lock=True)
    if account is None or not account.is_active or _revoke(session, account.id, only=actor.session_id) == 0:
        raise SessionOver
    audit.record(session, "session.refresh", actor)
    return _open_session(session, account, SessionKind.API, actor.caller)


def sign_out(session: Session, *, actor: Actor) -> None:
    """End the session that the actor is in."""
    _revoke(session, actor.id, only=actor.session_id)
    audit.record(session, "session.sign_out", actor)


def end_own_session(session: Session, session_id: UUID, *, actor: Actor) -> None:
    """End one of the actor's own sessions.

    Raises SessionMissing when it is not theirs.
    """
    if _revoke(session, actor.id, only=session_id) == 0:
        raise SessionMissing
    audit.record(session, "session.end", actor, targets={"session_id": str(session_id)})


def sign_out_everywhere(session: Session, *, actor: Actor) -> None:
    """End every session of the actor's account, this one too."""
    queries.get_account(session, actor.id, lock=True)
    _revoke(session, actor.id)
    audit.record(session, "session.sign_out_everywhere", actor)


def _revoke(session: Session, account_id: UUID, *, only: UUID | None = None, but: UUID | None = None) -> int:
    """End sessions of an account and all of its links; return how many sessions ended."""
    links.void(session, account_id)
    wanted = update(AdminSession).where(AdminSession.admin_user_id == account_id, AdminSession.revoked_at.is_(None))
    if only is not None:
        wanted = wanted.where(AdminSession.id == only)
    if but is not None:
        wanted = wanted.where(AdminSession.id != but)
    ended = session.execute(wanted.values(revoked_at=clock.now()).returning(AdminSession.id)).all()
    if ended:
        bus.publish(session, revoked_topic(account_id))
        sessions.forget_entered(session)
    return len(ended)


def change_password(session: Session, password_hash: str, *, actor: Actor) -> None:
    """Set the actor's own password, after the present one was checked, and end their other sessions."""
    account = queries.get_account(session, actor.id, lock=True)
    account.password_hash = password_hash
    _revoke(session, actor.id, but=actor.session_id)
    audit.record(session, "account.change_password", actor)


def invite(session: Session, given: NewAccount, *, actor: Actor) -> Link:
    """Make an account without a password, and the link that sets one.

    Raises EmailTaken when the e-mail has an account.
    """
    require(actor, Permission.MANAGE_ACCOUNTS)
    account = _add_account(session, given)
    audit.record(
        session,
        "account.invite",
        actor,
        targets={"account_id": str(account.id)},
        after={"email": account.email, "full_name": account.full_name, "role": account.role},
    )
    return links.make(session, account, LinkPurpose.INVITATION)


def _add_account(session: Session, given: NewAccount) -> AdminUser:
    account = AdminUser(
        id=new_id(),
        email=given.email,
        full_name=given.full_name,
        role=given.role,
        is_active=True,
        failed_logins=0,
        preferences={},
    )
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError:
        raise EmailTaken from None
    session.refresh(account)
    return account


def invite_again(session: Session, account_id: UUID, *, actor: Actor) -> Link:
    """Make a new link for an account: an invitation while it has no password, else a reset.

    A reset voids the password and ends every session: it is for passwords that are lost or in wrong hands.
    """
    require(actor, Permission.MANAGE_ACCOUNTS)
    account = _account_to_change(session, account_id)
    if account.id == actor.id:
        raise NotYourself
    purpose = LinkPurpose.INVITATION if account.password_hash is None else LinkPurpose.RESET
    if purpose is LinkPurpose.RESET:
        _keep_a_super_admin(session, account)
        account.password_hash = None
        _revoke(session, account.id)
    audit.record(session, f"account.{purpose}", actor, targets={"account_id": str(account.id), "email": account.email})
    return links.make(session, account, purpose)


def accept_link(session: Session, token: str, password_hash: str, *, caller: Caller) -> AccountView:
    """Set the password that a link allows to set, once.

    Raises LinkSpent when the link was used, has run out, or belongs to a disabled account.
    """
    link = queries.find_link(session, crypto.fingerprint(token))
    if link is None:
        raise LinkSpent
    # The account's row first, as everything that voids links locks it: links first would deadlock with `make admin`.
    account = queries.get_account(session, link.admin_user_id, lock=True)
    session.refresh(link)
    if not account.is_active or link.used_at is not None:
        raise LinkSpent
    account.password_hash = password_hash
    _revoke(session, account.id)
    account.failed_logins, account.locked_until = 0, None
    audit.record(session, "account.set_password", _as_actor(account, caller), targets={"purpose": link.purpose})
    return queries.account_view(account)


def change_account(session: Session, account_id: UUID, given: AccountChange, *, actor: Actor) -> AccountView:
    """Change name, role or whether an account may sign in; disabling ends its sessions.

    Raises NotYourself for one's own role or activity, LastSuperAdmin when nobody would be left.
    """
    require(actor, Permission.MANAGE_ACCOUNTS)
    account = _account_to_change(session, account_id)
    changed = given.model_dump(exclude_none=True)
    if account.id == actor.id and changed.keys() & {"role", "is_active"}:
        raise NotYourself
    if given.is_active is False or given.role not in (None, Role.SUPER_ADMIN):
        _keep_a_super_admin(session, account)
    before = {name: getattr(account, name) for name in changed}
    for name, value in changed.items():
        setattr(account, name, value)
    sessions.forget_entered(session)
    if given.is_active is False:
        _revoke(session, account.id)
    if given.role is not None:
        bus.publish(session, revoked_topic(account.id))  # what is open looks again at what it may
    targets = {"account_id": str(account.id), "email": account.email}
    audit.record(session, "account.change", actor, targets=targets, before=before, after=changed)
    return queries.account_view(account)


def delete_account(session: Session, account_id: UUID, *, actor: Actor) -> None:
    """Remove an account and its sessions; the audit log keeps its name.

    Raises NotYourself, or LastSuperAdmin.
    """
    require(actor, Permission.MANAGE_ACCOUNTS)
    account = _account_to_change(session, account_id)
    if account.id == actor.id:
        raise NotYourself
    _keep_a_super_admin(session, account)
    _revoke(session, account.id)
    audit.record(session, "account.delete", actor, targets={"account_id": str(account.id), "email": account.email})
    outbox.tell(session, REMOVED, {"ids": [str(account.id)]})
    session.delete(account)


def _account_to_change(session: Session, account_id: UUID) -> AdminUser:
    """Return an account, held, and with it all super_admins: of two who take the role from each other, one comes second."""
    queries.hold_super_admins(session)
    return queries.get_account(session, account_id, lock=True)


def _keep_a_super_admin(session: Session, account: AdminUser) -> None:
    can_sign_in = account.is_active and account.password_hash is not None
    if account.role == Role.SUPER_ADMIN and can_sign_in and queries.count_active_super_admins(session) == 1:
        raise LastSuperAdmin


def note_audit_export(session: Session, wanted: AuditFilter, *, actor: Actor) -> None:
    """Write down that somebody takes the audit log away."""
    require(actor, Permission.READ_AUDIT)
    filters = {name: value for name, value in asdict(wanted).items() if value is not None}
    audit.record(session, "audit.export", actor, targets=filters)


def make_super_admin(session: Session, given: NewAccount, password_hash: str) -> AccountView:
    """Make a super_admin, or turn the account of this e-mail into one, with this password; end its sessions.

    For the first start and for `make admin`: whoever can run that owns the database anyway.
    """
    account = queries.find_account_by_email(session, given.email, lock=True) or _add_account(session, given)
    account.role, account.is_active = Role.SUPER_ADMIN, True
    account.password_hash = password_hash
    account.failed_logins, account.locked_until = 0, None
    _revoke(session, account.id)
    audit.record(session, "account.make_super_admin", None, targets={"email": account.email})
    return queries.account_view(account)


def _as_actor(account: AdminUser, caller: Caller) -> Actor:
    return Actor(account.id, account.email, account.full_name, Role(account.role), None, caller)
