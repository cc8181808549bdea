"""API keys of programs: `atn_<id>_<secret>`, shown once; only a hash is stored."""

import hmac
import re
import secrets
import string
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.cache.recall import Recall
from core.identity import audit
from core.identity.errors import AlreadyOver, KeyDead, KeyMissing
from core.identity.models import ApiKey
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, ApiKeyView, Caller, MadeApiKey, NewApiKey, Scope
from core.platform import clock, crypto

PREFIX = "atn_"
FORM = re.compile(r"atn_([A-Za-z0-9]{8})_([A-Za-z0-9_-]{43})")
ALPHABET = string.ascii_letters + string.digits
SEEN_EVERY = timedelta(minutes=1)

_known: Recall[str, ApiKey] = Recall("api keys changed", for_s=10.0)


def enter(session: Session, key: str, caller: Caller) -> Actor:
    """Return who acts with a key, and note now and then that it was used; raise KeyDead."""
    form = FORM.fullmatch(key)
    if form is None:
        raise KeyDead
    found = _known.get(form[1], lambda: _find(session, form[1]))
    actor = _actor(found, key, caller)
    if _is_use_due(found):
        found.last_used_at = clock.now()
        session.execute(update(ApiKey).where(ApiKey.id == found.id).values(last_used_at=found.last_used_at))
    return actor


def recall(key: str, caller: Caller) -> Actor | None:
    """Return who acts with a key that came in a moment ago, or None when the database has to be asked; raise KeyDead."""
    form = FORM.fullmatch(key)
    found = _known.known(form[1]) if form is not None else None
    return None if found is None or _is_use_due(found) else _actor(found, key, caller)


def _actor(found: ApiKey, key: str, caller: Caller) -> Actor:
    if not hmac.compare_digest(found.secret_hash, crypto.fingerprint(key)) or found.revoked_at is not None:
        raise KeyDead
    if found.expires_at is not None and found.expires_at <= clock.now():
        raise KeyDead
    scopes = frozenset(Scope(scope) for scope in found.scopes)
    return Actor(found.id, PREFIX + found.key_id, found.name, None, None, caller, scopes, found.environment)


def _is_use_due(found: ApiKey) -> bool:
    return found.last_used_at is None or found.last_used_at < clock.now() - SEEN_EVERY


def _find(session: Session, key_id: str) -> ApiKey:
    found = session.scalar(select(ApiKey).where(ApiKey.key_id == key_id))
    if found is None:
        raise KeyDead  # raised, and so not remembered: a stranger's guesses fill no memory
    return found


def list_keys(session: Session, *, actor: Actor) -> list[ApiKeyView]:
    """Return the keys that are not revoked, the newest first."""
    require(actor, Permission.MANAGE_KEYS)
    wanted = select(ApiKey).where(ApiKey.revoked_at.is_(None)).order_by(ApiKey.created_at.desc(), ApiKey.id)
    return [ApiKeyView.model_validate(row) for row in session.scalars(wanted)]


def make(session: Session, given: NewApiKey, *, actor: Actor) -> MadeApiKey:
    """Make a key and return it, this once; raise AlreadyOver for one that would be dead at birth."""
    require(actor, Permission.MANAGE_KEYS)
    if given.expires_at is not None and given.expires_at <= clock.now():
        raise AlreadyOver
    key_id = "".join(secrets.choice(ALPHABET) for _ in range(8))
    key = f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
    row = ApiKey(
        key_id=key_id,
        secret_hash=crypto.fingerprint(key),
        name=given.name,
        scopes=sorted(given.scopes),
        environment=given.environment,
        expires_at=given.expires_at,
        created_by=actor.id,
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    facts = {"name": row.name, "scopes": row.scopes, "environment": row.environment}
    audit.record(session, "api_key.create", actor, targets={"key_id": key_id}, after=facts)
    return MadeApiKey(**ApiKeyView.model_validate(row).model_dump(), key=key)


def revoke(session: Session, row_id: UUID, *, actor: Actor) -> None:
    """End a key: within a moment, no process lets it in any more."""
    require(actor, Permission.MANAGE_KEYS)
    row = session.get(ApiKey, row_id)
    if row is None or row.revoked_at is not None:
        raise KeyMissing
    row.revoked_at = clock.now()
    audit.record(session, "api_key.revoke", actor, targets={"key_id": row.key_id, "name": row.name})
    _known.tell(session)
