"""Number, tokens and cost of AI requests by user or conversation, from the stored rows.

Both features are below the one that stores AI requests, so only the columns read here are named.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Uuid,
    any_,
    column,
    func,
    literal,
    or_,
    select,
    table,
)
from sqlalchemy.orm import Session

from core.activity.schemas import RequestTotals
from core.presentation.periods import Watched

requests = table(
    "ai_request_metrics",
    column("conversation_id", Uuid()),
    column("user_id", Uuid()),
    *map(column, ("environment", "app", "status", "total_tokens", "cost_usd", "created_at")),
)
NO_REQUESTS = RequestTotals(
    requests=0, errors=0, total_tokens=None, cost_usd=None, unpriced_requests=0, first_at=None
)


def of_conversations(session: Session, ids: Sequence[UUID]) -> dict[UUID, RequestTotals]:
    """Return the sums of conversations that have requests."""
    return _sums(session, requests.c.conversation_id, ids) if ids else {}


def of_user(session: Session, user_id: UUID, watched: Watched) -> RequestTotals:
    """Return the sums of a user in an environment, and of an app or release when one is given."""
    equal = {"environment": watched.environment, "app": watched.app, "release": watched.release}
    where = [column(name) == value for name, value in equal.items() if value is not None]
    return _sums(session, requests.c.user_id, [user_id], *where).get(user_id, NO_REQUESTS)


def _sums(
    session: Session, key: ColumnElement[UUID], ids: Sequence[UUID], *where: ColumnElement[bool]
) -> dict[UUID, RequestTotals]:
    columns = requests.c
    # As in the rollups: what failed without tokens has cost nothing that is known.
    has_tokens_or_is_ok = or_(columns.total_tokens.is_not(None), columns.status == "ok")
    unpriced = func.count().filter(columns.cost_usd.is_(None), has_tokens_or_is_ok)
    sums: dict[str, ColumnElement[Any]] = {
        "requests": func.count(),
        "errors": func.count().filter(columns.status == "error"),
        "total_tokens": func.sum(columns.total_tokens),
        "cost_usd": func.sum(columns.cost_usd),
        "unpriced_requests": unpriced,
        "first_at": func.min(columns.created_at),
    }
    named = [value.label(name) for name, value in sums.items()]
    query = select(key, *named).where(key == any_(literal(list(ids), ARRAY(Uuid()))), *where)
    found = session.execute(query.group_by(key))
    return {id_: RequestTotals(**dict(zip(sums, values, strict=True))) for id_, *values in found}
