"""Sessions of accounts: sign in, authenticate (from the database or a cache) and sign out."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.cache.cache import Cache
from core.database import bus
from core.identity import queries, tokens
from core.identity.errors import SessionExpired, SessionMissing
from core.identity.models import AdminSession, AdminUser
from core.identity.schemas import Actor, Caller, SessionKind, SignedIn
from core.identity.service import audit, password_links, sign_in_failures, sign_in_limits
from core.platform import clock, crypto
from core.platform.ids import new_id

LAST_SEEN_INTERVAL = timedelta(minutes=1)  # else each request would write a row
# Cleared when any session ends or an account changes, in this process or another.
_entered: Cache[bytes, queries.FoundSession] = Cache("sessions changed", max_age_s=2.0)


def authenticate(session: Session, token: str, caller: Caller) -> Actor:
    """Return the actor of a session token, and record that the session was used.

    Raises SessionExpired when it is unknown, revoked or expired, or its account is disabled.
    """
    return _find_active(session, crypto.fingerprint(token), caller).actor


def authenticate_and_cache(session: Session, token: str, caller: Caller) -> Actor:
    """Return the actor of a bearer token as `authenticate` does, and cache it."""
    fingerprint = crypto.fingerprint(token)
    return _actor(
        _entered.get(fingerprint, lambda: _find_active(session, fingerprint, caller)), caller
    )


def authenticate_cached(token: str, caller: Caller) -> Actor | None:
    """Return the actor of a cached token, or None if not cached; raise SessionExpired."""
    cached = _entered.peek(crypto.fingerprint(token))
    return _actor(cached, caller) if cached is not None else None


def clear_cache(session: Session) -> None:
    """Clear the cached actors in every process when this transaction is committed."""
    _entered.clear_after_commit(session)


def _actor(found: queries.FoundSession, caller: Caller) -> Actor:
    if found.expires_at <= clock.now():
        raise SessionExpired
    return replace(found.actor, caller=caller)


def _find_active(session: Session, fingerprint: bytes, caller: Caller) -> queries.FoundSession:
    found = queries.find_actor(session, fingerprint, caller)
    if found is None:
        raise SessionExpired  # an exception is not cached
    if found.last_seen_at < clock.now() - LAST_SEEN_INTERVAL:
        touch = update(AdminSession).where(AdminSession.id == found.actor.session_id)
        session.execute(touch.values(last_seen_at=clock.now()))
    return found


def revoked_topic(account_id: UUID) -> str:
    """Return the bus topic that says that an account's sessions ended or its rights changed."""
    return f"revoked {account_id}"


def finish_sign_in(
    session: Session,
    attempt: sign_in_limits.Attempt,
    *,
    matched_hash: str | None,
    kind: SessionKind,
    caller: Caller,
) -> SignedIn | None:
    """Open a session after the password check, or record a failure and return None.

    `matched_hash` is the hash that the password matched, or None. The account is locked and must
    still have this hash: it may have been reset during the check.
    """
    account = queries.find_account_by_email(session, attempt.email, lock=True)
    is_correct = (
        account is not None and matched_hash is not None and account.password_hash == matched_hash
    )
    if account is None or not is_correct or attempt.is_locked or not account.is_active:
        sign_in_limits.record_failure(session, attempt, account)
        sign_in_failures.record(session, attempt.network, attempt.email, "wrong", caller)
        return None
    sign_in_limits.record_success(session, attempt, account)
    account.last_login_at = clock.now()
    signed_in = _open(session, account, kind, caller)
    audit.record(
        session, sign_in_failures.ACTION, queries.actor_of(account, caller), targets={"kind": kind}
    )
    return signed_in


def _open(session: Session, account: AdminUser, kind: SessionKind, caller: Caller) -> SignedIn:
    session_id = new_id()
    token = tokens.bearer(account.id, session_id) if kind is SessionKind.API else crypto.new_token()
    expires_at = clock.now() + tokens.LIFETIME
    admin_session = AdminSession(
        id=session_id,
        admin_user_id=account.id,
        token_hash=crypto.fingerprint(token),
        kind=kind,
        ip_address=caller.ip_address,
        user_agent=(caller.user_agent or "")[: audit.MAX_USER_AGENT_CHARS] or None,
        expires_at=expires_at,
    )
    session.add(admin_session)
    session.flush()
    return SignedIn(token, expires_at, queries.account_view(account))


def refresh(session: Session, *, actor: Actor) -> SignedIn:
    """End the actor's session and open a new one in its place.

    Raises SessionExpired when it ended meanwhile: of two simultaneous calls, one gets the new
    session.
    """
    # Locked, so that a call that ends all sessions runs before, or ends the new one as well.
    account = queries.find_account(session, actor.id, lock=True)
    if (
        account is None
        or not account.is_active
        or end(session, account.id, only=actor.session_id) == 0
    ):
        raise SessionExpired
    audit.record(session, "session.refresh", actor)
    return _open(session, account, SessionKind.API, actor.caller)


def sign_out(session: Session, *, actor: Actor) -> None:
    """End the actor's session."""
    end(session, actor.id, only=actor.session_id)
    audit.record(session, "session.sign_out", actor)


def end_own_session(session: Session, session_id: UUID, *, actor: Actor) -> None:
    """End one of the actor's sessions; raise SessionMissing when it belongs to another account."""
    if end(session, actor.id, only=session_id) == 0:
        raise SessionMissing
    audit.record(session, "session.end", actor, targets={"session_id": str(session_id)})


def sign_out_everywhere(session: Session, *, actor: Actor) -> None:
    """End all sessions of the actor's account, including this one."""
    # Locked, so that a sign-in that is just ending opens no session after this
    queries.get_account(session, actor.id, lock=True)
    end(session, actor.id)
    audit.record(session, "session.sign_out_everywhere", actor)


def end(
    session: Session, account_id: UUID, *, only: UUID | None = None, keep: UUID | None = None
) -> int:
    """End sessions of an account and all of its links; return the number of ended sessions."""
    password_links.void(session, account_id)
    revoke = update(AdminSession).where(
        AdminSession.admin_user_id == account_id, AdminSession.revoked_at.is_(None)
    )
    if only is not None:
        revoke = revoke.where(AdminSession.id == only)
    if keep is not None:
        revoke = revoke.where(AdminSession.id != keep)
    ended = session.execute(revoke.values(revoked_at=clock.now()).returning(AdminSession.id)).all()
    if ended:
        bus.publish(session, revoked_topic(account_id))
        clear_cache(session)
    return len(ended)
