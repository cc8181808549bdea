"""In large workspaces, expensive answers may be a minute old; in others they are always read."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import text

from core.cache.cache import Cache
from core.database.db import Session

LARGE_ROWS = 1_000_000
# Postgres' own estimate: -1 for a table that was not analyzed yet, or that is partitioned.
ESTIMATED_ROWS = text(
    "select coalesce(sum(reltuples) filter (where reltuples > 0), 0) from pg_class"
    " where relkind = 'r' and relnamespace = 'public'::regnamespace"
)

Answer = TypeVar("Answer")

_sizes: Cache[str | None, float] = Cache("sizes of databases", max_age_s=60)
_answers: Cache[Hashable, Any] = Cache("answers of large workspaces", max_age_s=60, max_size=1000)


def is_large(session: Session) -> bool:
    """Whether the session's database has more than a million rows, as Postgres estimates."""
    database = session.get_bind().engine.url.database
    return _sizes.get(database, lambda: session.scalar(ESTIMATED_ROWS) or 0) >= LARGE_ROWS


def cached_if_large(session: Session, key: Hashable, read: Callable[[], Answer]) -> Answer:
    """Return what `read` returns; in a large workspace, up to a minute old."""
    if not is_large(session):
        return read()
    answer: Answer = _answers.get(key, read, session)
    return answer


def clear() -> None:
    """Have everything read again."""
    _sizes.clear()
    _answers.clear()
