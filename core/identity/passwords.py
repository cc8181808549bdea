"""Hash and check passwords with streamlit-authenticator's Hasher (bcrypt), always in the same time."""

import secrets
from functools import cache

from streamlit_authenticator.utilities.hasher import Hasher

from core.identity.schemas import LONGEST_PASSWORD


def hashed(password: str) -> str:
    """Return the bcrypt hash of a password of at most 72 bytes."""
    return str(Hasher.hash(password))


def matches(password: str, password_hash: str | None) -> bool:
    """Whether the password is the right one. An account without one costs the same time as any other."""
    fits = _fits_bcrypt(password)
    right = Hasher.check_pw(password if fits else "what bcrypt does not take", password_hash or _nobody())
    return bool(right) and fits and password_hash is not None


def _fits_bcrypt(password: str) -> bool:
    try:
        return len(password.encode()) <= LONGEST_PASSWORD and "\0" not in password
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can spell
        return False


def random_password() -> str:
    """Return a password of 24 characters that a person can copy."""
    return secrets.token_urlsafe(18)


@cache
def _nobody() -> str:
    return hashed(secrets.token_urlsafe(18))
