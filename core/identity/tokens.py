"""Session tokens: random for browsers (in an HttpOnly cookie), signed JWTs for programs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt

from core.identity.errors import SessionExpired
from core.platform import clock, crypto

LIFETIME = timedelta(hours=8)
ALGORITHM = "HS256"  # with one key: only Attune checks its tokens
TYPE = "admin"


def bearer(account_id: UUID, session_id: UUID) -> str:
    """Return the signed JWT of a program's session, valid for eight hours."""
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
    """Raise SessionExpired unless the token is an unexpired account token that Attune signed.

    Whether the session is still active is checked in the database.
    """
    read_claims(token, TYPE, "sub", "sid")


def read_claims(token: str, type_: str, *names: str) -> dict[str, Any]:
    """Return the claims of an unexpired token of this type that Attune signed, among them `names`;
    raise SessionExpired.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            crypto.keyring().token_key,
            algorithms=[ALGORITHM],
            # The library goes by this machine's clock, and the process that signed it by the
            # database's
            options={
                "require": ["exp", "type", *names],
                "verify_exp": False,
                "verify_iat": False,
            },
        )
    except jwt.InvalidTokenError:
        raise SessionExpired from None
    if claims["type"] != type_ or claims["exp"] <= clock.now().timestamp():
        raise SessionExpired
    return claims
