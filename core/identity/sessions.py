"""Find who acts with a session's token: from the database, or remembered for a moment."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.cache.recall import Recall
from core.identity import queries
from core.identity.errors import SessionOver
from core.identity.models import AdminSession
from core.identity.schemas import Actor, Caller
from core.platform import clock, crypto

SEEN_EVERY = timedelta(minutes=1)
# Who came in a moment ago; forgotten when any session ends, or an account changes, here or in another process.
_entered: Recall[bytes, queries.FoundSession] = Recall("sessions changed", for_s=2.0)


def enter(session: Session, token: str, caller: Caller) -> Actor:
    """Return who acts with the token of a live session, and note that the session was used.

    Raises SessionOver when it is unknown, revoked or over, or its account is disabled.
    """
    return _find_live(session, crypto.fingerprint(token), caller).actor


def enter_often(session: Session, token: str, caller: Caller) -> Actor:
    """Return who acts with a bearer token, as `enter` does, and remember it for `recall`."""
    fingerprint = crypto.fingerprint(token)
    return _actor(_entered.get(fingerprint, lambda: _find_live(session, fingerprint, caller)), caller)


def recall(token: str, caller: Caller) -> Actor | None:
    """Return who came in with a token a moment ago, or None when the database has to be asked; raise SessionOver."""
    found = _entered.known(crypto.fingerprint(token))
    return _actor(found, caller) if found is not None else None


def forget_entered(session: Session) -> None:
    """Have every process look up again who a session belongs to and what they may, once this transaction is committed."""
    _entered.tell(session)


def _actor(found: queries.FoundSession, caller: Caller) -> Actor:
    if found.expires_at <= clock.now():
        raise SessionOver
    return replace(found.actor, caller=caller)


def _find_live(session: Session, fingerprint: bytes, caller: Caller) -> queries.FoundSession:
    found = queries.find_actor(session, fingerprint, caller)
    if found is None:
        raise SessionOver  # raised, and so not remembered
    if found.last_seen_at < clock.now() - SEEN_EVERY:
        used = update(AdminSession).where(AdminSession.id == found.actor.session_id)
        session.execute(used.values(last_seen_at=clock.now()))
    return found
