"""Session tokens: random for browsers (in an HttpOnly cookie), signed for programs."""

from datetime import timedelta
from uuid import UUID

import jwt

from core.identity.errors import SessionOver
from core.platform import clock, crypto

LIFETIME = timedelta(hours=8)
ALGORITHM = "HS256"
TYPE = "admin"


def bearer(account_id: UUID, session_id: UUID) -> str:
    """Return the signed token of a program's session, good for eight hours."""
    issued = clock.now()
    claims = {
        "type": TYPE,
        "sub": str(account_id),
        "sid": str(session_id),
        "iat": issued,
        "exp": issued + LIFETIME,
    }
    return jwt.encode(claims, crypto.keyring().token_key, algorithm=ALGORITHM)


def check_bearer(token: str) -> None:
    """Raise SessionOver unless we signed this token, for an account, and it has not run out.

    Whether its session still lives is the database's word.
    """
    try:
        claims = jwt.decode(
            token,
            crypto.keyring().token_key,
            algorithms=[ALGORITHM],
            options={"require": ["exp", "sub", "sid", "type"]},
        )
    except jwt.InvalidTokenError:
        raise SessionOver from None
    if claims["type"] != TYPE:
        raise SessionOver
