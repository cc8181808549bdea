"""API keys for programs: `atn_<id>_<secret>`, shown once; only a hash is stored."""

import hmac
import re
import secrets
import string
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.cache.cache import Cache
from core.database import bus
from core.identity.errors import ApiKeyMissing, ApiKeyRejected, ExpiryInPast
from core.identity.models import ApiKey
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, ApiKeyView, Caller, CreatedApiKey, NewApiKey, Scope
from core.identity.service import audit
from core.identity.service.sessions import revoked_topic
from core.platform import clock, crypto

PREFIX = "atn_"
KEY_PATTERN = re.compile(r"atn_([A-Za-z0-9]{8})_([A-Za-z0-9_-]{43})")
ALPHABET = string.ascii_letters + string.digits
LAST_USED_INTERVAL = timedelta(minutes=1)  # else each request would write a row

_known: Cache[str, ApiKey] = Cache("api keys changed", max_age_s=10.0)


def authenticate(session: Session, key: str, caller: Caller) -> Actor:
    """Return the actor of an API key, and update its last use at most once a minute.

    Raises ApiKeyRejected when the key is malformed, unknown, revoked or expired.
    """
    match = KEY_PATTERN.fullmatch(key)
    if match is None:
        raise ApiKeyRejected
    api_key = _known.get(match[1], lambda: _find(session, match[1]))
    actor = _actor(api_key, key, caller)
    if _is_use_due(api_key):
        # On the cached key, too: otherwise each request would write until it is read again
        api_key.last_used_at = clock.now()
        session.execute(
            update(ApiKey).where(ApiKey.id == api_key.id).values(last_used_at=api_key.last_used_at)
        )
    return actor


def authenticate_cached(key: str, caller: Caller) -> Actor | None:
    """Return the actor of a cached API key, or None when the database must be read.

    Raises ApiKeyRejected when the cached key is revoked or expired.
    """
    match = KEY_PATTERN.fullmatch(key)
    api_key = _known.peek(match[1]) if match is not None else None
    return None if api_key is None or _is_use_due(api_key) else _actor(api_key, key, caller)


def _actor(api_key: ApiKey, key: str, caller: Caller) -> Actor:
    if (
        # In constant time: a plain comparison tells how much of a guess is right
        not hmac.compare_digest(api_key.secret_hash, crypto.fingerprint(key))
        or api_key.revoked_at is not None
    ):
        raise ApiKeyRejected
    if api_key.expires_at is not None and api_key.expires_at <= clock.now():
        raise ApiKeyRejected
    return _actor_of(api_key, caller)


def _actor_of(api_key: ApiKey, caller: Caller) -> Actor:
    scopes = frozenset(Scope(scope) for scope in api_key.scopes)
    return Actor(
        api_key.id,
        PREFIX + api_key.key_id,
        api_key.name,
        None,
        None,
        caller,
        scopes,
        api_key.environment,
    )


def _is_use_due(api_key: ApiKey) -> bool:
    return api_key.last_used_at is None or api_key.last_used_at < clock.now() - LAST_USED_INTERVAL


def _find(session: Session, key_id: str) -> ApiKey:
    api_key = session.scalar(select(ApiKey).where(ApiKey.key_id == key_id))
    if api_key is None:
        raise ApiKeyRejected  # an exception is not cached, so guessed keys use no memory
    return api_key


def list_keys(session: Session, *, actor: Actor) -> list[ApiKeyView]:
    """Return the keys that are not revoked, newest first."""
    require(actor, Permission.MANAGE_KEYS)
    query = (
        select(ApiKey)
        .where(ApiKey.revoked_at.is_(None))
        .order_by(ApiKey.created_at.desc(), ApiKey.id)
    )
    return [ApiKeyView.model_validate(row) for row in session.scalars(query)]


def create(session: Session, new_key: NewApiKey, *, actor: Actor) -> CreatedApiKey:
    """Create a key; only this result contains the key itself. Raises ExpiryInPast."""
    require(actor, Permission.MANAGE_KEYS)
    if new_key.expires_at is not None and new_key.expires_at <= clock.now():
        raise ExpiryInPast
    key_id = "".join(secrets.choice(ALPHABET) for _ in range(8))
    key = f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
    row = ApiKey(
        key_id=key_id,
        secret_hash=crypto.fingerprint(key),
        name=new_key.name,
        scopes=sorted(new_key.scopes),
        environment=new_key.environment,
        expires_at=new_key.expires_at,
        created_by=actor.id,
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    after = {"name": row.name, "scopes": row.scopes, "environment": row.environment}
    audit.record(session, "api_key.create", actor, targets={"key_id": key_id}, after=after)
    return CreatedApiKey(**ApiKeyView.model_validate(row).model_dump(), key=key)


def revoke(session: Session, row_id: UUID, *, actor: Actor) -> None:
    """Revoke a key; every process rejects it within a moment. Raises ApiKeyMissing."""
    require(actor, Permission.MANAGE_KEYS)
    row = session.get(ApiKey, row_id, with_for_update=True)
    if row is None or row.revoked_at is not None:
        raise ApiKeyMissing
    row.revoked_at = clock.now()
    audit.record(session, "api_key.revoke", actor, targets={"key_id": row.key_id, "name": row.name})
    _known.clear_after_commit(session)
    bus.publish(session, revoked_topic(row.id))


def find_actor(session: Session, row_id: UUID, caller: Caller) -> Actor | None:
    """Return a key as the actor of what it has begun, None when it is revoked or expired."""
    row = session.get(ApiKey, row_id)
    if row is None or row.revoked_at is not None:
        return None
    if row.expires_at is not None and row.expires_at <= clock.now():
        return None
    return _actor_of(row, caller)


def is_active(session: Session, row_id: UUID) -> bool:
    """Whether a key is neither revoked nor expired."""
    return find_actor(session, row_id, Caller()) is not None
