"""Token prices at a time, for AI requests that were made elsewhere and for calls made here.

Only the lowest tier of tiered prices is used: very long calls at a vendor with higher tiers are
priced too low. So are tokens that are written to a cache for an hour: a row has one price of
writing.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.cache.cache import Cache
from core.database.db import read_session, transaction
from core.platform.ids import new_id
from core.providers import packaged_prices
from core.providers.chunks import Usage
from core.providers.models import ModelPrice
from core.providers.packaged_prices import Cost, CostSource
from core.providers.queries import configured
from core.providers.schemas import Connection, Prices, PriceSource, Route

CHANGED = "prices changed"
# No row may be older (docs/limits.md), so a packaged price covers all of them.
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
PICO = 1_000_000  # picodollars per token in one dollar per million tokens
MOST = 99_999_999_999_999  # of 0.00000001 USD in a row
UNIT = 10_000  # picodollars in the smallest stored amount: 0.00000001 USD


@dataclass(frozen=True)
class Rate:
    """Picodollars per token, from a time on. Reasoning is part of the output and priced as such."""

    price_id: UUID
    valid_from: datetime
    input: int
    output: int
    cached_input: int
    cache_write: int
    is_packaged: bool = field(default=False, kw_only=True)

    def cost(self, input_tokens: int, output_tokens: int, cached: int, cache_write: int) -> int:
        """Return a call's cost in 0.00000001 USD; `input_tokens` includes cached ones."""
        uncached = max(0, input_tokens - cached - cache_write)
        pico = (
            uncached * self.input
            + output_tokens * self.output
            + cached * self.cached_input
            + cache_write * self.cache_write
        )
        return (pico + UNIT // 2) // UNIT

    def price(self, input_tokens: int, output_tokens: int, cached: int, cache_write: int) -> Cost:
        """Return a call's cost in USD, at most what a row holds."""
        cost = self.cost(input_tokens, output_tokens, cached, cache_write)
        usd = Decimal(min(cost, MOST)).scaleb(-8)
        return Cost(usd, CostSource.PRICE_TABLE, self.price_id)


_rates: Cache[tuple[str, str], list[Rate]] = Cache(CHANGED, max_age_s=60.0)


def find(provider: str, model: str, at: datetime) -> Rate | None:
    """Return the rate that is valid at a time, or None when there is none."""
    return _valid_at(at, list_rates(provider, model))


class BatchRates:
    """The rates of a batch of requests: those of each model are looked up once."""

    def __init__(self) -> None:
        """Look nothing up yet."""
        self._rates: dict[tuple[str, str], list[Rate]] = {}

    def find(self, provider: str, model: str, at: datetime) -> Rate | None:
        """Return the rate that is valid at a time, or None when there is none."""
        key = provider, model
        rates = self._rates.get(key)
        if rates is None:
            rates = self._rates[key] = list_rates(provider, model)
        return _valid_at(at, rates)


def find_for(route: Route, at: datetime) -> Rate | None:
    """Return the rate of a model called from here, under the name of its provider here.

    The packaged price is that of the provider's address.
    """
    key = route.connection.name, route.model.name
    return _valid_at(at, _rates.get(key, lambda: _read(*key, route.connection)))


def find_with(session: Session, route: Route, at: datetime) -> Rate | None:
    """Return the rate of a model called from here, read in a transaction that holds a connection
    already: a cached answer may need another one.
    """
    rows = session.scalars(_prices(route.connection.name, route.model.name))
    return _valid_at(at, [_rate(row) for row in rows])


def prices_for(route: Route, at: datetime) -> Prices | None:
    """Return the prices of a model called from here, or None when it has none."""
    rate = find_for(route, at)
    if rate is None:
        return None
    return Prices(input=Decimal(rate.input) / PICO, output=Decimal(rate.output) / PICO)


def cost_of(route: Route, usage: Usage, rate: Rate | None) -> Cost:
    """Return the cost of a call made here: by a custom price, otherwise by the packaged data, which
    have higher tiers too.
    """
    if rate is not None and not rate.is_packaged:
        return rate.price(usage.input, usage.output, usage.cached, usage.cache_write)
    cost = packaged_prices.cost_of(route.connection, route.model.name, usage)
    return replace(cost, price_id=rate.price_id if rate and cost.usd is not None else None)


def clear_cache() -> None:
    """Clear the cached rates of this process now."""
    _rates.clear()


def list_rates(provider: str, model: str) -> list[Rate]:
    """Return a model's rates, earliest first; of two at one time, the last is valid."""
    return _rates.get((provider, model), lambda: _read(provider, model))


def clear_after_commit(session: Session) -> None:
    """Clear the cached rates in every process once this transaction is committed."""
    _rates.clear_after_commit(session)


def _valid_at(at: datetime, rates: list[Rate]) -> Rate | None:
    # Nearly always the last one, and there are few
    return next((rate for rate in reversed(rates) if rate.valid_from <= at), None)


def _read(provider: str, model: str, connection: Connection | None = None) -> list[Rate]:
    rows = _rows(provider, model)
    packaged = next((row for row in rows if row.source == PriceSource.PACKAGED), None)
    if _store_packaged(packaged, provider, model, connection):
        rows = _rows(provider, model)
    return [_rate(row) for row in rows]


def _rows(provider: str, model: str) -> list[ModelPrice]:
    with read_session() as session:
        return list(session.scalars(_prices(provider, model)))


def _prices(provider: str, model: str) -> Select[ModelPrice]:
    query = select(ModelPrice).where(ModelPrice.provider == provider, ModelPrice.model == model)
    # Of two with the same start, the custom price comes last, so that it is the valid one.
    return query.order_by(ModelPrice.valid_from, ModelPrice.source, ModelPrice.created_at)


def _store_packaged(
    stored: ModelPrice | None, provider: str, model: str, connection: Connection | None
) -> bool:
    """Store the packaged price of a model, unless it is what is stored; return whether it was.

    A newer release of the product may have another one. Custom prices are rows of their own, which
    stay valid; requests keep the costs that they have.
    """
    list_price = (
        packaged_prices.list_price(provider, model)
        if connection is None
        else packaged_prices.prices_of(connection, model)
    )
    if list_price is None:
        return False
    amounts = {
        name: None if amount is None else round(amount, 6)  # as many digits as are stored
        for name, amount in list_price
    }
    if stored is not None and (
        all(getattr(stored, name) == amount for name, amount in amounts.items())
        # A configured provider has the price of its address, and no connection tells that here
        or (connection is None and _is_configured(provider))
    ):
        return False
    row = {
        "id": new_id(),
        "provider": provider,
        "model": model,
        "valid_from": ALWAYS,
        "source": PriceSource.PACKAGED,
    }
    new = insert(ModelPrice).values(**row, **amounts)
    with transaction() as session:
        session.execute(
            new.on_conflict_do_update(
                index_elements=["provider", "model", "valid_from", "source"], set_=amounts
            )
        )
    return True


def _is_configured(provider: str) -> bool:
    with read_session() as session:
        return any(each.name == provider for each in configured.list_providers(session))


def _rate(row: ModelPrice) -> Rate:
    def pico(amount: Decimal | None) -> int:
        return int((row.input if amount is None else amount) * PICO)

    return Rate(
        row.id,
        row.valid_from,
        pico(row.input),
        pico(row.output),
        pico(row.cached_input),
        pico(row.cache_write),
        is_packaged=row.source == PriceSource.PACKAGED,
    )
