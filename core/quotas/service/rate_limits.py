"""Count the API's calls of an account or API key in its minute, over all processes."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from core.database.db import driver_connection
from core.database.sql_files import driver_statement
from core.platform import clock
from core.quotas.models import RateLimitWindow
from core.quotas.queries import RATE_LIMIT_WINDOW
from core.quotas.schemas import RateLimitKind

KEPT = timedelta(hours=1)
COUNT = driver_statement(__package__, "count_calls")


class CountedCall(NamedTuple):
    """The calls of a minute so far, and the seconds until it ends."""

    calls: int
    left_s: float


def count_call(
    kind: RateLimitKind, subject: UUID, window: timedelta = RATE_LIMIT_WINDOW
) -> CountedCall:
    """Count a call of an account, API key or ticket, and return its window; raise Unavailable."""
    given = {"kind": kind, "subject": subject, "window": window}
    with driver_connection() as connection:
        [row] = connection.execute(COUNT, given)
    return CountedCall(*row)


def forget_old(session: Session) -> None:
    """Delete minutes that are long over."""
    session.execute(delete(RateLimitWindow).where(RateLimitWindow.began_at < clock.now() - KEPT))
