"""Token prices on a day, for AI requests made elsewhere.

Of prices with tiers only the lowest one is known here: a very long call at a vendor that asks more for those is priced too low.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.cache.recall import Recall
from core.database.db import reading, transaction
from core.platform.ids import new_id
from core.providers import prices
from core.providers.models import ModelPrice
from core.providers.schemas import PriceSource

CHANGED = "prices changed"
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
PICO = 1_000_000  # of a dollar a million tokens is a picodollar a token times this
UNIT = 10_000  # picodollars in the smallest sum that is stored: 0.00000001 USD


@dataclass(frozen=True)
class Rate:
    """Picodollars a token, from a moment on. Reasoning is part of the output, and priced as such."""

    price_id: UUID
    valid_from: datetime
    input: int
    output: int
    cached_input: int
    cache_write: int

    def cost(self, input_tokens: int, output_tokens: int, cached: int, cache_write: int) -> int:
        """Return what a call costs in units of 0.00000001 USD; `input_tokens` includes those of the cache."""
        plain = max(0, input_tokens - cached - cache_write)
        pico = plain * self.input + output_tokens * self.output + cached * self.cached_input + cache_write * self.cache_write
        return (pico + UNIT // 2) // UNIT


_rates: Recall[tuple[str, str], list[Rate]] = Recall(CHANGED, for_s=60.0)


def find(provider: str, model: str, at: datetime) -> Rate | None:
    """Return the rate that holds at a moment, or None when nobody knows one."""
    for rate in reversed(schedule(provider, model)):  # nearly always the last one, and there are few
        if rate.valid_from <= at:
            return rate
    return None


def forget() -> None:
    """Read the table anew from here on, whether or not word of a change has arrived yet."""
    _rates.forget()


def schedule(provider: str, model: str) -> list[Rate]:
    """Return all rates of a model, the earliest first; of two that begin at the same moment, the last one holds."""
    return _rates.get((provider, model), lambda: _read(provider, model))


def tell(session: Session) -> None:
    """Have every process read the prices again once this transaction is committed."""
    _rates.tell(session)


def _read(provider: str, model: str) -> list[Rate]:
    rows = _rows(provider, model)
    if not any(row.source == PriceSource.PACKAGED for row in rows) and _learn(provider, model):
        rows = _rows(provider, model)
    return [_rate(row) for row in rows]


def _rows(provider: str, model: str) -> list[ModelPrice]:
    wanted = select(ModelPrice).where(ModelPrice.provider == provider, ModelPrice.model == model)
    with reading() as session:
        # Of two that begin at the same moment, a person's comes last, and holds.
        return list(session.scalars(wanted.order_by(ModelPrice.valid_from, ModelPrice.source, ModelPrice.created_at)))


def _learn(provider: str, model: str) -> bool:
    """Put what the packaged data knows of a model into the table; return whether it knows it."""
    found = prices.list_price(provider, model)
    if found is None:
        return False
    row = {"id": new_id(), "provider": provider, "model": model, "valid_from": ALWAYS, "source": PriceSource.PACKAGED}
    with transaction() as session:
        session.execute(insert(ModelPrice).values(**row, **found.model_dump()).on_conflict_do_nothing())
    return True


def _rate(row: ModelPrice) -> Rate:
    def pico(amount: Decimal | None) -> int:
        return int((row.input if amount is None else amount) * PICO)

    return Rate(row.id, row.valid_from, pico(row.input), pico(row.output), pico(row.cached_input), pico(row.cache_write))
