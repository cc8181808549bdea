"""Create the first super_admin, and reset one from the command line."""

from collections.abc import Callable

from pydantic import ValidationError
from sqlalchemy import func, select

from core.database.db import transaction
from core.database.locks import Lock
from core.errors import StartRefused
from core.identity import passwords, queries
from core.identity.schemas import NewAccount, NewPassword, Role
from core.identity.service import accounts


def create(
    email: str, chosen_password: str | None, show_password: Callable[[str], None] | None = None
) -> str | None:
    """Create the first super_admin and return its password, or None when an account exists.

    Of several processes that start at once, one creates it. `show_password` is called before the
    commit: a password without an account is replaced at the next start, but an account whose
    password was never shown would be locked out. Raises StartRefused when the email or the password
    is invalid.
    """
    with transaction() as session:
        if queries.has_accounts(session):
            return None
    try:
        account, password = _valid_account(email, chosen_password)
    except StartRefused as error:
        raise StartRefused(
            f"{error.detail} Change ATTUNE_ADMIN_EMAIL or ATTUNE_ADMIN_PASSWORD."
        ) from None
    password_hash = passwords.hash_password(password)
    with transaction() as session:
        # Several processes may start on an empty database at once; hashing came before the lock,
        # because it is slow.
        session.execute(select(func.pg_advisory_xact_lock(Lock.FIRST_ACCOUNT)))
        if queries.has_accounts(session):
            return None
        accounts.make_super_admin(session, account, password_hash)
        if show_password is not None:
            show_password(password)
    return password


def reset_super_admin(email: str) -> str:
    """Create or reset a super_admin with this email; return the random password."""
    account, password = _valid_account(email, None)
    password_hash = passwords.hash_password(password)
    with transaction() as session:
        accounts.make_super_admin(session, account, password_hash)
    return password


def _valid_account(email: str, chosen_password: str | None) -> tuple[NewAccount, str]:
    password = chosen_password or passwords.random_password()
    try:
        account = NewAccount(
            email=email, full_name=email.partition("@")[0] or "Admin", role=Role.SUPER_ADMIN
        )
        NewPassword(password=password)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise StartRefused(f"The account {email} cannot be created: {reason}") from None
    return account, password
