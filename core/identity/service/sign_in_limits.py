"""Sign-in limits: at most one password check per attempt, and locks that only affect the network
that causes them.

Five wrong passwords for one email from one network lock that pair for 15 minutes; locked attempts
check no password. A network with more than 50 failures in an hour is throttled. An attempt counts
as failed until its password was checked, so that parallel attempts gain nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.identity.models import AdminUser, SignInFailure
from core.network.client_addresses import network_of
from core.platform import clock, crypto

MAX_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
FAILURES_RESET_AFTER = timedelta(hours=24)
MAX_NETWORK_FAILURES_PER_HOUR = 50
WHOLE_NETWORK = b""  # in place of a fingerprint, which is never empty


@dataclass(frozen=True)
class Attempt:
    """One attempt to sign in, counted before its password is checked."""

    network: str
    email: str
    is_locked: bool
    is_throttled: bool

    @property
    def email_hash(self) -> bytes:
        """The stored form of the email, which may be any text."""
        return crypto.fingerprint(self.email)


def begin(session: Session, email: str, ip_address: str | None) -> Attempt:
    """Count an attempt as failed; `record_success` reverts that."""
    network = network_of(ip_address)
    email_hash = crypto.fingerprint(email)
    pair_count = _count(session, network, email_hash, FAILURES_RESET_AFTER)
    if (
        pair_count.locked_until is not None and pair_count.locked_until > clock.now()
    ) or pair_count.failures > MAX_FAILURES:
        # Attempts that were cut short, as by a kill, lock nothing themselves: this would last a day
        _lock(session, network, email_hash)
        # Locked attempts don't count for the network: a program with an old password would throttle
        # all who share its address.
        return Attempt(network, email, is_locked=True, is_throttled=False)
    # After the pair, never before it: attempts from one network lock their rows in this order
    network_count = _count(session, network, WHOLE_NETWORK, timedelta(hours=1))
    return Attempt(
        network,
        email,
        is_locked=False,
        is_throttled=network_count.failures > MAX_NETWORK_FAILURES_PER_HOUR,
    )


def record_failure(session: Session, attempt: Attempt, account: AdminUser | None) -> None:
    """Lock the pair after its fifth failure, and count the failure on the account."""
    locked_until = _lock(session, attempt.network, attempt.email_hash)
    if account is not None:
        account.failed_logins += 1
        account.locked_until = locked_until or account.locked_until


def _lock(session: Session, network: str, email_hash: bytes) -> datetime | None:
    """Lock a pair that has failed too often, unless it is locked; return until when, or None."""
    until = func.coalesce(SignInFailure.locked_until, clock.now() + LOCKED_FOR)
    pair = (SignInFailure.network == network, SignInFailure.email_hash == email_hash)
    locked = update(SignInFailure).where(*pair, SignInFailure.failures >= MAX_FAILURES)
    return session.scalar(locked.values(locked_until=until).returning(SignInFailure.locked_until))


def record_success(session: Session, attempt: Attempt, account: AdminUser) -> None:
    """Delete the pair's failures, and remove this attempt from the network's."""
    same_network = SignInFailure.network == attempt.network
    session.execute(
        delete(SignInFailure).where(same_network, SignInFailure.email_hash == attempt.email_hash)
    )
    network_row = (
        same_network,
        SignInFailure.email_hash == WHOLE_NETWORK,
        SignInFailure.failures > 0,
    )
    session.execute(
        update(SignInFailure).where(*network_row).values(failures=SignInFailure.failures - 1)
    )
    account.failed_logins = 0
    account.locked_until = None


def delete_old(session: Session) -> None:
    """Delete counts that no longer affect a limit."""
    session.execute(delete(SignInFailure).where(_is_stale(clock.now(), FAILURES_RESET_AFTER)))


def _is_stale(now: datetime, reset_after: timedelta) -> ColumnElement[bool]:
    """Whether a count begins anew: after its time, but never before its lock has ended."""
    is_old = and_(SignInFailure.since < now - reset_after, SignInFailure.locked_until.is_(None))
    return or_(is_old, SignInFailure.locked_until < now)


@dataclass(frozen=True)
class _Count:
    failures: int
    locked_until: datetime | None


def _count(session: Session, network: str, email_hash: bytes, reset_after: timedelta) -> _Count:
    now = clock.now()
    stale = _is_stale(now, reset_after)
    upsert = (
        insert(SignInFailure)
        .values(network=network, email_hash=email_hash, failures=1, since=now)
        .on_conflict_do_update(
            index_elements=["network", "email_hash"],
            set_={
                "failures": case((stale, 1), else_=SignInFailure.failures + 1),
                "since": case((stale, now), else_=SignInFailure.since),
                "locked_until": case((stale, None), else_=SignInFailure.locked_until),
            },
        )
        .returning(SignInFailure.failures, SignInFailure.locked_until)
    )
    failures, locked_until = session.execute(upsert).one()
    return _Count(failures, locked_until)
