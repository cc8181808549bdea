"""Sign-in and password changes.

Each takes several transactions, so that none is open during the slow password hash.
"""

from dataclasses import dataclass

from core.database.db import transaction
from core.identity import passwords, queries
from core.identity.errors import LinkExpired, WrongPassword
from core.identity.schemas import (
    EMAIL,
    AccountView,
    Actor,
    Caller,
    NewPassword,
    SessionKind,
    SignedIn,
)
from core.identity.service import accounts as service
from core.identity.service import audit, sessions, sign_in_failures, sign_in_limits
from core.platform import crypto

NO_EMAIL = "(not an e-mail)"


@dataclass(frozen=True)
class SignInResult:
    """The outcome of a sign-in: a session or None, and whether the network is throttled."""

    signed_in: SignedIn | None
    is_throttled: bool


def try_sign_in(email: str, password: str, kind: SessionKind, caller: Caller) -> SignInResult:
    """Check a password and open a session; `signed_in` is None when that failed.

    A wrong password, an unknown email, a locked and a disabled account return the same result. All
    take the same time, except locked attempts, which check no password. Emails without an account
    are locked, too.
    """
    normalized = email.strip().lower()
    attempt, password_hash = _begin_attempt(
        normalized if EMAIL.fullmatch(normalized) else NO_EMAIL, caller
    )
    if attempt.is_locked:
        return SignInResult(None, attempt.is_throttled)
    matched_hash = password_hash if passwords.matches(password, password_hash) else None
    with transaction() as session:
        signed_in = sessions.finish_sign_in(
            session, attempt, matched_hash=matched_hash, kind=kind, caller=caller
        )
    return SignInResult(signed_in, attempt.is_throttled)


def change_own_password(current_password: str, new_password: NewPassword, *, actor: Actor) -> None:
    """Replace the actor's password and end the other sessions.

    Raises WrongPassword when `current_password` is wrong. Attempts are limited as those of signing
    in.
    """
    attempt, password_hash = _begin_attempt(actor.email, actor.caller)
    matched = not attempt.is_locked and passwords.matches(current_password, password_hash)
    new_hash = passwords.hash_password(new_password.password) if matched else ""
    with transaction() as session:
        account = queries.get_account(session, actor.id, lock=True)
        # It may have been reset while it was checked
        is_correct = matched and account.password_hash == password_hash
        if is_correct:
            sign_in_limits.record_success(session, attempt, account)
            service.change_password(session, new_hash, actor=actor)
        else:
            sign_in_limits.record_failure(session, attempt, account)
            audit.record(session, "account.change_password", actor, outcome="wrong")
    if not is_correct:
        raise WrongPassword


def accept_link(token: str, new_password: NewPassword, *, caller: Caller) -> AccountView:
    """Set the password with an invitation or reset link; raise LinkExpired when it is not valid."""
    with transaction() as session:
        if queries.find_link(session, crypto.fingerprint(token)) is None:
            raise LinkExpired
    password_hash = passwords.hash_password(new_password.password)
    with transaction() as session:
        return service.accept_link(session, token, password_hash, caller=caller)


def _begin_attempt(email: str, caller: Caller) -> tuple[sign_in_limits.Attempt, str | None]:
    with transaction() as session:
        attempt = sign_in_limits.begin(session, email, caller.ip_address)
        if attempt.is_locked:
            sign_in_failures.record(session, attempt.network, email, "locked", caller)
            return attempt, None
        account = queries.find_account_by_email(session, email)
        return attempt, account.password_hash if account else None
