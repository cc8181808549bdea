"""Find the answer of an identical, deterministic call of the same account or API key."""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import settings
from core.database.tables import table_of
from core.executions import encrypted_texts
from core.executions.errors import NotCacheable
from core.executions.models import Execution
from core.executions.schemas import CachedAnswer, ExecutionStatus
from core.platform import crypto
from core.providers.images import jpegs_of
from core.providers.schemas import ModelCall, Route

executions = table_of(Execution)
_JSON = TypeAdapter[object](object)


def key_of(route: Route, call: ModelCall, caller: UUID) -> bytes:
    """Return what identical calls of a caller have in common; raise NotCacheable.

    It is keyed, so that nobody who reads the database can try out texts.
    """
    if call.tools or (call.parameters.temperature != 0 and call.parameters.seed is None):
        raise NotCacheable
    # The JSON of a message has no images
    images = [sha256(jpeg).hexdigest() for each in call.messages for jpeg in jpegs_of(each)]
    facts = _JSON.dump_json((caller, route.model.id, call, images))
    return hmac.digest(crypto.keyring().cache_key, facts, "sha256")


def find(session: Session, cache_key: bytes, at: datetime) -> CachedAnswer | None:
    """Return the newest answer of the model itself that is not too old, and not removed."""
    minutes = settings.read(session, settings.Workspace).answer_cache_minutes
    row = session.execute(
        select(executions.c.id, executions.c.response, executions.c.finish_reason)
        .where(
            executions.c.cache_key == cache_key,
            executions.c.status == ExecutionStatus.COMPLETED,
            executions.c.finished_at > at - timedelta(minutes=minutes),
            executions.c.fallback_for.is_(None),
            executions.c.response.is_not(None),
        )
        .order_by(executions.c.finished_at.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    response = encrypted_texts.open_(row.response, "response", row.id) or ""
    return CachedAnswer(row.id, response, row.finish_reason)
