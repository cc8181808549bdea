"""Short-lived tickets for websockets, for programs that cannot set headers and have no cookie.

A ticket is a signed JWT. It opens one websocket, within half a minute, and only while the session
that requested it lasts.
"""

from datetime import datetime, timedelta
from uuid import UUID

import jwt
from starlette.concurrency import run_in_threadpool

from core.database.db import transaction
from core.identity import queries, tokens
from core.identity.errors import SessionExpired
from core.identity.schemas import Actor, Caller
from core.platform import clock, crypto
from core.platform.ids import new_id
from core.quotas.schemas import RateLimitKind
from core.quotas.service import rate_limits

# Short, because a ticket stands in an address, which proxies log
LIFETIME = timedelta(seconds=30)
TYPE = "websocket"


def issue(actor: Actor) -> tuple[str, datetime]:
    """Return a ticket for an actor, and its expiry."""
    expires_at = clock.now() + LIFETIME
    claims = {
        "type": TYPE,
        "sid": str(actor.session_id),
        "jti": str(new_id()),
        "exp": expires_at,
    }
    return jwt.encode(claims, crypto.keyring().token_key, algorithm=tokens.ALGORITHM), expires_at


async def redeem(ticket: str | None, caller: Caller) -> Actor | None:
    """Return the actor of a ticket; None if it is invalid or used, or its session has ended."""
    try:
        claims = tokens.read_claims(ticket or "", TYPE, "sid", "jti")
    except SessionExpired:
        return None
    return await run_in_threadpool(_find, UUID(claims["sid"]), UUID(claims["jti"]), caller)


def _find(session_id: UUID, ticket_id: UUID, caller: Caller) -> Actor | None:
    # All processes count in one place. A window that begins with the first use outlasts the ticket.
    if rate_limits.count_call(RateLimitKind.STREAMING, ticket_id, LIFETIME).calls > 1:
        return None
    with transaction() as session:
        return queries.find_actor_in_session(session, session_id, caller)
