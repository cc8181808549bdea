"""Read accounts, sessions and the audit log of `core`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from core.database.paging import Page, Window
from core.database.tables import CoreAudit, Setting, table_of
from core.identity.errors import AccountMissing
from core.identity.models import AccountLink, AdminSession, AdminUser
from core.identity.schemas import AccountView, Actor, AuditActor, AuditFilter, AuditRow, Caller, Role, SessionView
from core.platform import clock

# Asked with every request and every rerun: on tables instead of mapped classes, and built once, it costs a third.
accounts, sessions = table_of(AdminUser), table_of(AdminSession)
READS = (
    select(func.coalesce(Setting.value["analysts_read_messages"].as_boolean(), False)).where(Setting.name == "workspace")
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
        READS,
    )
    .join(sessions, sessions.c.admin_user_id == accounts.c.id)
    .where(sessions.c.revoked_at.is_(None), sessions.c.expires_at > bindparam("now"), accounts.c.is_active)
)
ACTOR_BY_TOKEN = ACTOR.where(sessions.c.token_hash == bindparam("which"))
ACTOR_BY_SESSION = ACTOR.where(sessions.c.id == bindparam("which"))


@dataclass(frozen=True)
class FoundSession:
    """Who acts in a session, when it was last used, and when it ends by itself."""

    actor: Actor
    last_seen_at: datetime
    expires_at: datetime


def find_actor(session: Session, token_hash: bytes, caller: Caller) -> FoundSession | None:
    """Return who acts with a token: None when it is unknown, revoked, over, or its account is disabled."""
    return _find_actor(session, ACTOR_BY_TOKEN, token_hash, caller)


def find_actor_in_session(session: Session, session_id: UUID, caller: Caller) -> Actor | None:
    """Return whose session it is: None when it has ended, or its account is disabled."""
    found = _find_actor(session, ACTOR_BY_SESSION, session_id, caller)
    return found.actor if found else None


def _find_actor(session: Session, wanted: Select[Any], which: bytes | UUID, caller: Caller) -> FoundSession | None:
    row = session.execute(wanted, {"which": which, "now": clock.now()}).first()
    if row is None:
        return None
    id_, email, name, role, session_id, last_seen_at, expires_at, analysts_read = row
    reads = bool(analysts_read) and role == Role.ANALYST
    actor = Actor(id_, email, name, Role(role), session_id, caller, may_read_messages=reads)
    return FoundSession(actor, last_seen_at, expires_at)


def find_account_by_email(session: Session, email: str, *, lock: bool = False) -> AdminUser | None:
    """Return the account of an e-mail in lower case. With `lock`, hold its row until the transaction ends."""
    wanted = select(AdminUser).where(AdminUser.email == email)
    return session.scalar(wanted.with_for_update() if lock else wanted)


def find_account(session: Session, account_id: UUID, *, lock: bool = False) -> AdminUser | None:
    """Return an account, or None when it is gone. With `lock`, hold its row until the transaction ends."""
    return session.get(AdminUser, account_id, with_for_update=lock)


def get_account(session: Session, account_id: UUID, *, lock: bool = False) -> AdminUser:
    """Return an account; raise AccountMissing. With `lock`, hold its row until the transaction ends."""
    found = find_account(session, account_id, lock=lock)
    if found is None:
        raise AccountMissing
    return found


def list_accounts(session: Session, *, window: Window | None = None) -> list[AccountView]:
    """Return accounts, the oldest first."""
    wanted = select(AdminUser).order_by(AdminUser.created_at, AdminUser.id)
    if window is not None:
        wanted = wanted.limit(window.limit).offset(window.offset)
    return [account_view(row) for row in session.scalars(wanted)]


def count_accounts(session: Session) -> int:
    """Return how many accounts there are."""
    return session.scalar(select(func.count()).select_from(AdminUser)) or 0


def hold_super_admins(session: Session) -> None:
    """Hold the rows of all super_admins until the transaction ends, always in the same order."""
    session.execute(select(AdminUser.id).where(AdminUser.role == Role.SUPER_ADMIN).order_by(AdminUser.id).with_for_update())


def count_active_super_admins(session: Session) -> int:
    """Return how many super_admins can sign in."""
    can_sign_in = (AdminUser.role == Role.SUPER_ADMIN, AdminUser.is_active, AdminUser.password_hash.is_not(None))
    return session.scalar(select(func.count()).select_from(AdminUser).where(*can_sign_in)) or 0


def has_accounts(session: Session) -> bool:
    """Whether anybody has an account yet."""
    return session.scalar(select(AdminUser.id).limit(1)) is not None


def account_view(row: AdminUser) -> AccountView:
    """Return the public face of an account."""
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
    """Return an account's live sessions, the one used last first."""
    rows = session.scalars(select(AdminSession).where(_live_sessions_of(account_id)).order_by(AdminSession.last_seen_at.desc()))
    return [SessionView.model_validate(row) for row in rows]


def _live_sessions_of(account_id: UUID) -> ColumnElement[bool]:
    return and_(
        AdminSession.admin_user_id == account_id,
        AdminSession.revoked_at.is_(None),
        AdminSession.expires_at > clock.now(),
    )


def find_link(session: Session, token_hash: bytes) -> AccountLink | None:
    """Return an unused link that has not run out."""
    wanted = select(AccountLink).where(
        AccountLink.token_hash == token_hash, AccountLink.used_at.is_(None), AccountLink.expires_at > clock.now()
    )
    return session.scalar(wanted)


def list_audit(
    session: Session,
    wanted: AuditFilter,
    *,
    window: Window,
    before_id: int | None = None,
) -> Page[AuditRow]:
    """Return audit rows, the newest first."""
    total = session.scalar(select(func.count()).select_from(CoreAudit).where(*_audit_matching(wanted))) or 0
    return Page(list_audit_before(session, wanted, before_id, window=window), total)


def list_audit_before(session: Session, wanted: AuditFilter, before_id: int | None, *, window: Window) -> list[AuditRow]:
    """Return the audit rows written before another, the newest first: for who reads all of them and counts none."""
    matching = _audit_matching(wanted)
    if before_id is not None:
        matching.append(CoreAudit.id < before_id)
    newest = select(CoreAudit).where(*matching).order_by(CoreAudit.id.desc())
    return [_audit_row(row) for row in session.scalars(newest.limit(window.limit).offset(window.offset))]


def _audit_matching(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    matching: list[ColumnElement[bool]] = []
    if wanted.action:
        is_one_of = CoreAudit.action.startswith(f"{wanted.action}.", autoescape=True)
        matching.append(or_(CoreAudit.action == wanted.action, is_one_of))
    if wanted.account:
        matching.append(CoreAudit.actor_name.icontains(wanted.account, autoescape=True))
    if wanted.start is not None:
        matching.append(CoreAudit.occurred_at >= wanted.start)
    if wanted.end is not None:
        matching.append(CoreAudit.occurred_at < wanted.end)
    return matching


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
