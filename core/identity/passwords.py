"""Hash and check passwords with bcrypt (streamlit-authenticator's Hasher), in constant time."""

import secrets
from functools import cache

from streamlit_authenticator.utilities.hasher import Hasher

from core.identity.schemas import MAX_PASSWORD_BYTES


def hash_password(password: str) -> str:
    """Return the bcrypt hash of a password of at most 72 bytes."""
    return str(Hasher.hash(password))


def matches(password: str, password_hash: str | None) -> bool:
    """Whether the password is correct. Without a hash it takes the same time and returns False."""
    is_checkable = _is_checkable(password)
    is_correct = Hasher.check_pw(
        password if is_checkable else "not a checkable password", password_hash or _dummy_hash()
    )
    return bool(is_correct) and is_checkable and password_hash is not None


def _is_checkable(password: str) -> bool:
    try:
        return len(password.encode()) <= MAX_PASSWORD_BYTES and "\0" not in password
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON allows
        return False


def random_password() -> str:
    """Return a random password of 24 characters."""
    return secrets.token_urlsafe(18)


@cache
def _dummy_hash() -> str:
    return hash_password(secrets.token_urlsafe(18))
