"""Sign-in: at most one password check per attempt, and throttling that a stranger can only cause for himself.

Five wrong passwords for one e-mail from one network lock that pair for 15 minutes: such an attempt costs no check. A network with
more than 50 failures in an hour is throttled. An attempt is counted before its password is looked at, so that many at once gain
nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.identity.models import AdminUser, SignInFailure
from core.network.client_addresses import network_of
from core.platform import clock, crypto

TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
TRIES_ARE_FORGOTTEN_AFTER = timedelta(hours=24)
NETWORK_FAILURES_AN_HOUR = 50
WHOLE_NETWORK = b""


@dataclass(frozen=True)
class Attempt:
    """One try to sign in, as counted before its password was looked at."""

    network: str
    email: str
    is_locked: bool
    is_throttled: bool

    @property
    def email_hash(self) -> bytes:
        """What is stored of the e-mail, which may be anything that a stranger typed."""
        return crypto.fingerprint(self.email)


def begin(session: Session, email: str, ip_address: str | None) -> Attempt:
    """Count an attempt as failed; `succeed` takes that back."""
    network = network_of(ip_address)
    pair = _count(session, network, crypto.fingerprint(email), TRIES_ARE_FORGOTTEN_AFTER)
    if (pair.locked_until is not None and pair.locked_until > clock.now()) or pair.failures > TRIES:
        # Not among the network's failures: a program with an old password would throttle all who share its address.
        return Attempt(network, email, is_locked=True, is_throttled=False)
    whole = _count(session, network, WHOLE_NETWORK, timedelta(hours=1))
    return Attempt(network, email, is_locked=False, is_throttled=whole.failures > NETWORK_FAILURES_AN_HOUR)


def fail(session: Session, attempt: Attempt, account: AdminUser | None) -> None:
    """Lock the pair when this was its fifth failure, and note the failure at the account."""
    locked_until = clock.now() + LOCKED_FOR
    locked = session.execute(
        update(SignInFailure)
        .where(SignInFailure.network == attempt.network, SignInFailure.email_hash == attempt.email_hash)
        .where(SignInFailure.failures >= TRIES, SignInFailure.locked_until.is_(None))
        .values(locked_until=locked_until)
        .returning(SignInFailure.network)
    ).first()
    if account is not None:
        account.failed_logins += 1
        if locked is not None:
            account.locked_until = locked_until


def succeed(session: Session, attempt: Attempt, account: AdminUser) -> None:
    """Forget the pair's failures, and take this attempt back from its network's."""
    mine = SignInFailure.network == attempt.network
    session.execute(delete(SignInFailure).where(mine, SignInFailure.email_hash == attempt.email_hash))
    whole = (mine, SignInFailure.email_hash == WHOLE_NETWORK, SignInFailure.failures > 0)
    session.execute(update(SignInFailure).where(*whole).values(failures=SignInFailure.failures - 1))
    account.failed_logins = 0
    account.locked_until = None


def forget_old(session: Session) -> None:
    """Remove counts that no brake looks at any more."""
    session.execute(delete(SignInFailure).where(SignInFailure.since < clock.now() - TRIES_ARE_FORGOTTEN_AFTER))


@dataclass(frozen=True)
class _Count:
    failures: int
    locked_until: datetime | None


def _count(session: Session, network: str, email_hash: bytes, forgotten_after: timedelta) -> _Count:
    present = clock.now()
    stale = or_(SignInFailure.since < present - forgotten_after, SignInFailure.locked_until < present)
    counted = (
        insert(SignInFailure)
        .values(network=network, email_hash=email_hash, failures=1, since=present)
        .on_conflict_do_update(
            index_elements=["network", "email_hash"],
            set_={
                "failures": case((stale, 1), else_=SignInFailure.failures + 1),
                "since": case((stale, present), else_=SignInFailure.since),
                "locked_until": case((stale, None), else_=SignInFailure.locked_until),
            },
        )
        .returning(SignInFailure.failures, SignInFailure.locked_until)
    )
    failures, locked_until = session.execute(counted).one()
    return _Count(failures, locked_until)
