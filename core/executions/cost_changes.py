"""Executions whose cost changes by the price table, for repricing.

Packaged data have tiers that the price table does not: a call keeps its cost while the price that
applies to it is the same.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from core.database.db import read_session
from core.executions import queries
from core.executions.queries import PriceableCall
from core.providers.packaged_prices import UNPRICED, Cost
from core.providers.queries import token_prices

READ_AT_ONCE = 10_000  # calls


class CostChange(NamedTuple):
    """A call whose cost or price changes."""

    call: PriceableCall
    cost: Cost


class CostChanges(NamedTuple):
    """How many calls were examined, and those that change."""

    examined: int
    changed: list[CostChange]


def list_changes(start: datetime, end: datetime, model: str | None) -> CostChanges:
    """Return the changes of the calls in a time span."""
    examined, changed = 0, list[CostChange]()
    for call in _calls(start, end, model):
        examined += 1
        if (cost := _change(call)) is not None:
            changed.append(CostChange(call, cost))
    return CostChanges(examined, changed)


def _calls(start: datetime, end: datetime, model: str | None) -> Iterator[PriceableCall]:
    """Yield the calls of a time span. Rows of calls are kept for ever: all of them at once can be
    more than the memory holds.
    """
    last: PriceableCall | None = None
    while True:
        with read_session() as session:
            page = queries.list_priceable(
                session, start, end, model, after=last, limit=READ_AT_ONCE
            )
        yield from page
        if len(page) < READ_AT_ONCE:
            return
        last = page[-1]


def _change(call: PriceableCall) -> Cost | None:
    """Return the new cost of a call, or None when it stays."""
    rate = token_prices.find(call.provider, call.model, call.created_at)
    if (rate.price_id if rate else None) == call.price_id:
        return None
    if rate is None:
        return UNPRICED
    return rate.price(
        call.input_tokens, call.output_tokens, call.cached_tokens, call.cache_write_tokens
    )
