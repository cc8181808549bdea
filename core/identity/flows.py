"""Sign-in and password changes: several transactions, because a slow password hash stands between them."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy import func, select

from core.database.db import transaction
from core.database.locks import Lock
from core.errors import StartRefused
from core.identity import audit, failures, passwords, queries, service, sign_in
from core.identity.errors import LinkSpent, WrongPassword
from core.identity.schemas import (
    EMAIL,
    AccountView,
    Actor,
    Caller,
    NewAccount,
    NewPassword,
    Role,
    SessionKind,
    SignedIn,
)
from core.platform import crypto

NO_EMAIL = "(not an e-mail)"


@dataclass(frozen=True)
class SignInResult:
    """How a try to sign in ended, and whether its network is throttled."""

    signed_in: SignedIn | None
    is_throttled: bool


def try_to_sign_in(email: str, password: str, kind: SessionKind, caller: Caller) -> SignInResult:
    """Check a password and open a session; wrong, unknown, locked and disabled look the same.

    All but locked, which costs no check, take the same time. Whether there is such an account makes no difference to a lock.
    """
    wanted = email.strip().lower()
    attempt, password_hash = _begin(wanted if EMAIL.fullmatch(wanted) else NO_EMAIL, caller)
    if attempt.is_locked:
        return SignInResult(None, attempt.is_throttled)
    proven = password_hash if passwords.matches(password, password_hash) else None
    with transaction() as session:
        signed_in = service.finish_sign_in(session, attempt, proven=proven, kind=kind, caller=caller)
    return SignInResult(signed_in, attempt.is_throttled)


def change_own_password(present: str, given: NewPassword, *, actor: Actor) -> None:
    """Replace the actor's password.

    Raises WrongPassword when `present` is not the present one; the brakes of signing in hold here too.
    """
    attempt, password_hash = _begin(actor.email, actor.caller)
    matched = not attempt.is_locked and passwords.matches(present, password_hash)
    new_hash = passwords.hashed(given.password) if matched else ""
    with transaction() as session:
        account = queries.get_account(session, actor.id, lock=True)
        right = matched and account.password_hash == password_hash  # it may have been reset while it was checked
        if right:
            sign_in.succeed(session, attempt, account)
            service.change_password(session, new_hash, actor=actor)
        else:
            sign_in.fail(session, attempt, account)
            audit.record(session, "account.change_password", actor, outcome="wrong")
    if not right:
        raise WrongPassword


def accept_link(token: str, given: NewPassword, *, caller: Caller) -> AccountView:
    """Set the password that a link allows to set; raise LinkSpent when it does not."""
    with transaction() as session:
        if queries.find_link(session, crypto.fingerprint(token)) is None:
            raise LinkSpent
    password_hash = passwords.hashed(given.password)
    with transaction() as session:
        return service.accept_link(session, token, password_hash, caller=caller)


def first_account(email: str, given: str | None, hand_over: Callable[[str], None] | None = None) -> str | None:
    """Make the first super_admin and return the password; None when there are accounts already.

    Of many processes that start at once, one makes it. `hand_over` is called with the password before the commit: an account
    whose password nobody has been told is worse than a password without an account, which the next start replaces.
    Raises StartRefused when e-mail or password cannot be used.
    """
    with transaction() as session:
        if queries.has_accounts(session):
            return None
    try:
        account, password = _usable(email, given)
    except StartRefused as refusal:
        raise StartRefused(f"{refusal.detail} Change ATTUNE_ADMIN_EMAIL or ATTUNE_ADMIN_PASSWORD.") from None
    password_hash = passwords.hashed(password)
    with transaction() as session:
        session.execute(select(func.pg_advisory_xact_lock(Lock.FIRST_ACCOUNT)))
        if queries.has_accounts(session):
            return None
        service.make_super_admin(session, account, password_hash)
        if hand_over is not None:
            hand_over(password)
    return password


def new_super_admin(email: str) -> str:
    """Make or repair a super_admin with a random password, and return it."""
    account, password = _usable(email, None)
    password_hash = passwords.hashed(password)
    with transaction() as session:
        service.make_super_admin(session, account, password_hash)
    return password


def _usable(email: str, given: str | None) -> tuple[NewAccount, str]:
    password = given or passwords.random_password()
    try:
        account = NewAccount(email=email, full_name=email.partition("@")[0] or "Admin", role=Role.SUPER_ADMIN)
        NewPassword(password=password)
    except ValidationError as wrong:
        words = wrong.errors()[0]["msg"].removeprefix("Value error, ")
        raise StartRefused(f"The account {email} cannot be created: {words}") from None
    return account, password


def _begin(email: str, caller: Caller) -> tuple[sign_in.Attempt, str | None]:
    with transaction() as session:
        attempt = sign_in.begin(session, email, caller.ip_address)
        if attempt.is_locked:
            failures.note(session, attempt.network, email, "locked", caller)
            return attempt, None
        account = queries.find_account_by_email(session, email)
        return attempt, account.password_hash if account else None
