"""Reserve what a call may use at most before it is made, and settle it when the call has ended:
counters in the database, which all processes share.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete
from sqlalchemy.orm import Session

from core.database.sql_files import statement
from core.platform import clock
from core.quotas.amounts import limit_shown, shown
from core.quotas.errors import PriceNeeded, QuotaExceeded
from core.quotas.models import UsageCounter
from core.quotas.queries import Applying, resets_at
from core.quotas.schemas import QuotaMeasure, QuotaPeriod, QuotaScope
from core.quotas.worst_case import WorstCase

KEPT = timedelta(days=62)
WHOSE = {
    QuotaScope.WORKSPACE: "The workspace's quota",
    QuotaScope.ROLE: "The quota of your role",
    QuotaScope.ACCOUNT: "Your quota",
    QuotaScope.KEY: "This API key's quota",
}


def reserve(
    session: Session,
    execution_id: UUID,
    applying: Applying,
    most: WorstCase,
    *,
    at: datetime,
    calls: int = 1,
) -> None:
    """Reserve the most that a call may use of the quotas that apply to it, and hold their counters
    until the commit.

    A further round of the same call reserves more, with `calls=0` and the same `at`. Raises
    QuotaExceeded, or PriceNeeded for a model without a price when a quota limits the cost.
    """
    if not applying:
        return
    if most.cost is None and any(_limits_cost(row) for row in applying):
        raise PriceNeeded
    given = {
        "execution_id": execution_id,
        "quotas": [row.id for row in applying],
        "subjects": [row.subject for row in applying],
        "now": at,
        "calls": calls,
        "tokens": most.tokens,
        "cost": most.cost or Decimal(0),
    }
    reserved = {
        row.quota_id: row for row in session.execute(statement(__package__, "reserve"), given)
    }
    for quota in applying:
        counter = reserved.get(quota.id)  # the quota may have been deleted meanwhile
        if counter and not quota.only_observes and counter.taken + counter.amount > counter.most:
            raise _exceeded(quota, counter, at)


def settle(
    session: Session, execution_ids: Collection[UUID], tokens: int | None, cost: Decimal | None
) -> None:
    """Replace what ended calls reserved by what they used; with None, all that was reserved
    counts as used. A second call has no effect."""
    if execution_ids:
        given = {"execution_ids": list(execution_ids), "tokens": tokens, "cost": cost}
        session.execute(statement(__package__, "settle"), given)


def forget_old(session: Session) -> None:
    """Delete what was used in periods that began over two months ago."""
    session.execute(delete(UsageCounter).where(UsageCounter.period_start < clock.now() - KEPT))


def _limits_cost(quota: Row[Any]) -> bool:
    return quota.measure == QuotaMeasure.COST and not quota.only_observes


def _exceeded(quota: Row[Any], counter: Row[Any], at: datetime) -> QuotaExceeded:
    period, until = QuotaPeriod(quota.period), resets_at(QuotaPeriod(quota.period), at)
    measure = QuotaMeasure(quota.measure)
    show, limit = partial(shown, measure=measure), limit_shown(counter.most, measure)
    left, amount = show(max(Decimal(0), counter.most - counter.taken)), show(counter.amount)
    rest = f"{left} left, and this call may take {amount}"
    if left == amount:  # as they are shown: they differ by less
        rest = f"less left than the {amount} that this call may take"
    # When first: of a toast, only the beginning is shown
    message = (
        f"{WHOSE[QuotaScope(quota.scope)]} of {limit} per {period} starts again at "
        f"{until:%H:%M} UTC on {until:%-d %B}. It has {rest}."
    )
    return QuotaExceeded(
        message,
        limit=f"{quota.scope}_{quota.measure}_per_{period}",
        value=float(counter.most),
        used=float(counter.taken),
        resets_at=until.isoformat(),
        # Rounded up, because a call that comes a moment too early is refused again
        retry_after_s=max(1, int((until - clock.now()).total_seconds()) + 1),
    )
